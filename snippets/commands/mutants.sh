verified-docs mutants --list --operator expected-output
verified-docs mutants --operator cassette-status
