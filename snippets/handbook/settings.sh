export GITLAB_URL=https://gitlab.example.com
export GITLAB_PROJECT=acme/wine-quality
export GITLAB_PROJECT_ID=42
read -rs GITLAB_TOKEN && export GITLAB_TOKEN
