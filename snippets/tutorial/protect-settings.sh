echo .env >> .gitignore
chmod 600 .env
