make site
