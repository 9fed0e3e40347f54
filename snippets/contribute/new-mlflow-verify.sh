make verify
