verified-docs addresses
verified-docs links --json build/links.json --markdown build/links.md
