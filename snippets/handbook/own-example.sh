cat > examples/project/read_visibility.py <<'END'
# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Read who may see a project"
# role = "Developer"
# scope = "api"
# ///
"""Whether the project is private, internal or public, in one request."""

import os

import gitlab

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
print("it is", project.visibility)
#> it is private
END
