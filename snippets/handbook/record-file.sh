make record FROM=raw/gitlab-19.3/python-gitlab-8/project/read_visibility.yaml
