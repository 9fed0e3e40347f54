export GITLAB_URL=https://gitlab.example.com
export RECORD_GROUP=acme
read -rs GITLAB_TOKEN && export GITLAB_TOKEN
