read -rs GITLAB_TOKEN && export GITLAB_TOKEN
