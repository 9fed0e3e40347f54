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

name = os.environ["GITLAB_PROJECT"].rpartition("/")[2]
found = gl.projects.list(search=name, membership=True, get_all=True)
print("a project of mine has this name:", name in [one.path for one in found])
#> a project of mine has this name: True

project = gl.projects.get(os.environ["GITLAB_PROJECT"])
print(f"{project.path_with_namespace} has the id {project.id}")
#> acme/wine-quality has the id 42
access = project.permissions["project_access"] or project.permissions["group_access"]
role = AccessLevel(access["access_level"]).name
print(project.visibility, "to a member with role", role)
#> private to a member with role OWNER
