verified-docs freshness                       # fails if a recording is older than promised
verified-docs freshness --json --max-days 90  # for a program, with another limit
verified-docs freshness --badge build/freshness.json
