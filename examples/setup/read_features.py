# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Read what a token can see of its project"
# role = "Developer"
# scope = "api"
#
# [tool.verified.output]
# "gitlab-18.9/mlflow-2" = "GitLab 18.9.0-pre\nproject 42 is acme/wine-quality\nmodel_experiments: enabled\nmodel_registry: enabled\npackage_registry: enabled\npackages_enabled: True\nyour role: DEVELOPER\ntoken: ['api'], active: True, days left: 30"
# "gitlab-18.9/mlflow-3" = "GitLab 18.9.0-pre\nproject 42 is acme/wine-quality\nmodel_experiments: enabled\nmodel_registry: enabled\npackage_registry: enabled\npackages_enabled: True\nyour role: DEVELOPER\ntoken: ['api'], active: True, days left: 30"
# ///
"""Version, features, role and the token's end, in five requests that change nothing."""

import os
from datetime import date

import gitlab
from gitlab.const import AccessLevel

gl = gitlab.Gitlab(
    os.environ["GITLAB_URL"], private_token=os.environ["MLFLOW_TRACKING_TOKEN"]
)
gl.auth()
version, _ = gl.version()
print("GitLab", version)
#> GitLab 19.3.0-pre

project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
print(f"project {project.id} is {project.path_with_namespace}")
#> project 42 is acme/wine-quality
for name in ("model_experiments", "model_registry", "package_registry"):
    print(f"{name}: {getattr(project, f'{name}_access_level')}")
    #> model_experiments: private
    #> model_registry: private
    #> package_registry: enabled
print("packages_enabled:", project.packages_enabled)
#> packages_enabled: True

member = project.members_all.get(gl.user.id)
print("your role:", AccessLevel(member.access_level).name)
#> your role: DEVELOPER

token = gl.personal_access_tokens.get("self")
left = date.fromisoformat(token.expires_at) - date.today()
print(f"token: {token.scopes}, active: {token.active}, days left: {left.days}")
#> token: ['api'], active: True, days left: 30
