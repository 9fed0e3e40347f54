verified-docs census --lower
