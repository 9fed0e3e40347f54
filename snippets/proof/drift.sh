verified-docs drift cassettes build/scratch --markdown drift.md --json drift.json
