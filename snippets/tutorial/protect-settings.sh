printf '\n.env\n' >> .gitignore
chmod 600 .env
