verified-docs scan
