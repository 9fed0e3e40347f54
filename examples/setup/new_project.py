# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Find out whether the project exists already"
# role = "Owner"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
# ///
"""Whether a project of that name exists, its id, who sees it, and your role in it."""

import os

import gitlab
from gitlab.const import AccessLevel

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
gl.auth()
print("signed in as", gl.user.username)
#> signed in as owner

found = gl.projects.list(search="wine-quality", membership=True, get_all=True)
print("exists:", len(found) > 0)
#> exists: True

project = gl.projects.get(os.environ["GITLAB_PROJECT"])
print(f"{project.path_with_namespace} has the id {project.id}")
#> acme/wine-quality has the id 42
role = project.permissions["project_access"]["access_level"]
print(project.visibility, "to a member with role", AccessLevel(role).name)
#> private to a member with role OWNER
