# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Prepare a project for MLflow"
# role = "Owner"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
# ///
"""Both features on for members, a bot token, and the token in a CI variable."""

# --8<-- [start:connect]
import os
from datetime import date, timedelta
from pathlib import Path

import gitlab
from gitlab.const import AccessLevel

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT"])
# --8<-- [end:connect]

# --8<-- [start:features]
project.model_experiments_access_level = "private"  # members only
project.model_registry_access_level = "private"
project.save()

project = gl.projects.get(project.id)
print("experiments:", project.model_experiments_access_level)
#> experiments: private
print("registry:", project.model_registry_access_level)
#> registry: private
print("packages:", project.package_registry_access_level)
#> packages: enabled
print("packages_enabled:", project.packages_enabled)
#> packages_enabled: True
# --8<-- [end:features]

# --8<-- [start:token]
token = project.access_tokens.create(
    {
        "name": "mlflow",
        "scopes": ["api"],
        "access_level": AccessLevel.DEVELOPER,
        "expires_at": (date.today() + timedelta(days=28)).isoformat(),
    }
)
print(token.name, token.scopes, AccessLevel(token.access_level).name, token.active)
#> mlflow ['api'] DEVELOPER True

settings = Path(".env")
settings.touch(mode=0o600)
rows = settings.read_text().splitlines()
rows = [row for row in rows if not row.startswith("MLFLOW_TRACKING_TOKEN=")]
settings.write_text("\n".join([*rows, f"MLFLOW_TRACKING_TOKEN={token.token}", ""]))
# --8<-- [end:token]

# --8<-- [start:variables]
project.variables.create(
    {
        "key": "MLFLOW_TRACKING_TOKEN",
        "value": token.token,
        "masked": True,
        "protected": True,
    }
)
project.variables.create({"key": "MLFLOW_EXPERIMENT_NAME", "value": "wine-classifier"})
for variable in project.variables.list(get_all=True):
    print(f"{variable.key}: masked {variable.masked}, protected {variable.protected}")
    #> MLFLOW_TRACKING_TOKEN: masked True, protected True
    #> MLFLOW_EXPERIMENT_NAME: masked False, protected False
# --8<-- [end:variables]
