# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Every REST call of a project set-up, and the answers to its mistakes"
# role = "Owner"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
# ///
"""Reads, features, tokens, CI variables, members, packages, a scratch project."""

import os
from datetime import date, timedelta
from typing import Any

import gitlab

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
owner, _, name = os.environ["GITLAB_PROJECT"].rpartition("/")
somebody = "guest"  # the user name of a person who is not a member yet
project = f"/projects/{os.environ['GITLAB_PROJECT_ID']}"
soon = (date.today() + timedelta(days=28)).isoformat()
end_of_year = (date.today() + timedelta(days=39)).isoformat()


rows: list[str] = []


def call(what: str, verb: str, path: str, /, **body: Any) -> Any:
    try:
        # python-gitlab sends an option that it does not know in the query.
        answer = gl.http_request(
            verb, path, post_data=body or None, allow_redirects=False
        )
    except gitlab.GitlabError as error:
        rows.append(f"{what}: {error.response_code} {error.error_message}")
    else:
        rows.append(f"{what}: {answer.status_code}")
        return answer.json() if answer.content else None


def report() -> str:
    text = "\n".join(rows)
    rows.clear()
    return text


# --8<-- [start:read]
call("version", "get", "/version")
call("version and edition", "get", "/metadata")
me = call("who I am", "get", "/user")
call("my token", "get", "/personal_access_tokens/self")
call("project by id", "get", project)
call("project by path", "get", f"/projects/{owner}%2F{name}")
call("project that is not there", "get", "/projects/999999")
call("group", "get", f"/groups/{owner}")
call("my projects", "get", "/projects?search=wine&membership=true&per_page=2")
print(report())
'''
version: 200
version and edition: 200
who I am: 200
my token: 200
project by id: 200
project by path: 200
project that is not there: 404 404 Project Not Found
group: 200
my projects: 200
'''
# --8<-- [end:read]

# --8<-- [start:features]
call(
    "features for members",
    "put",
    project,
    model_experiments_access_level="private",
    model_registry_access_level="private",
    package_registry_access_level="private",
)
call("no such level", "put", project, model_experiments_access_level="sometimes")
call("my role", "get", f"{project}/members/all/{me['id']}")
call("all members", "get", f"{project}/members/all?per_page=50")
print(report())
'''
features for members: 200
no such level: 400 model_experiments_access_level does not have a valid value
my role: 200
all members: 200
'''
# --8<-- [end:features]

# --8<-- [start:tokens]
bot = {"name": "mlflow", "scopes": ["api"], "access_level": 30, "expires_at": soon}
tokens = f"{project}/access_tokens"
token = call("make a token", "post", tokens, **bot)
call("active tokens", "get", f"{tokens}?state=active")
call("too long a life", "post", tokens, **bot | {"expires_at": "2030-01-01"})
call("no such scope", "post", tokens, **bot | {"scopes": ["no_such_scope"]})
call("no such role", "post", tokens, **bot | {"access_level": 99})
new = call("rotate", "post", f"{tokens}/{token['id']}/rotate", expires_at=soon)
call("revoke", "delete", f"{tokens}/{new['id']}")
print(report())
'''
make a token: 201
active tokens: 200
too long a life: 400 400 Bad request - Expiration date must be before 2027-11-22
no such scope: 400 scopes does not have a valid value
no such role: 400 access_level does not have a valid value
rotate: 200
revoke: 204
'''
# --8<-- [end:tokens]

# --8<-- [start:variables]
variables = f"{project}/variables"
secret = {"key": "MLFLOW_TRACKING_TOKEN", "value": new["token"]}
secret |= {"masked": True, "protected": True}
call("variable that is not there", "get", f"{variables}/MLFLOW_TRACKING_TOKEN")
call("make a variable", "post", variables, **secret)
call("make it twice", "post", variables, **secret)
del secret["key"]
call("change it", "put", f"{variables}/MLFLOW_TRACKING_TOKEN", **secret)
call("mask a short value", "post", variables, key="SHORT", value="abc", masked=True)
call(
    "hide a value",
    "post",
    variables,
    key="HIDDEN_TOKEN",
    value=new["token"],
    masked_and_hidden=True,
)
call("list them", "get", f"{variables}?per_page=50")
call("delete it", "delete", f"{variables}/MLFLOW_TRACKING_TOKEN")
print(report())
'''
variable that is not there: 404 404 Variable Not Found
make a variable: 201
make it twice: 400 {'key': ['(MLFLOW_TRACKING_TOKEN) has already been taken']}
change it: 200
mask a short value: 400 {'value': ['is invalid']}
hide a value: 201
list them: 200
delete it: 204
'''
# --8<-- [end:variables]

# --8<-- [start:members]
members = f"{project}/members"
(person,) = call("find a person", "get", f"/users?username={somebody}")
call("find nobody", "get", "/users?username=nobody-here")
guest = {"user_id": person["id"], "access_level": 10}
call("add a member", "post", members, **guest, expires_at=end_of_year)
call("add a member twice", "post", members, **guest)
call("change the role", "put", f"{members}/{person['id']}", access_level=30)
call("remove the member", "delete", f"{members}/{person['id']}")
call("add a stranger", "post", members, user_id=999999, access_level=10)
print(report())
'''
find a person: 200
find nobody: 200
add a member: 201
add a member twice: 409 Member already exists
change the role: 200
remove the member: 204
add a stranger: 404 404 User Not Found
'''
# --8<-- [end:members]

# --8<-- [start:project]
call("model packages", "get", f"{project}/packages?package_type=ml_model")
call("jobs", "get", f"{project}/jobs")
group = call("group again", "get", f"/groups/{owner}")
call(
    "name that is taken",
    "post",
    "/projects",
    name="taken",
    path=name,
    namespace_id=group["id"],
)
scratch = call(
    "make a project",
    "post",
    "/projects",
    name=f"{name} scratch",
    path=f"{name}-scratch",
    visibility="private",
)
call("delete a project", "delete", f"/projects/{scratch['id']}")
print(report())
'''
model packages: 200
jobs: 200
group again: 200
name that is taken: 400 {'namespace': ['is not valid']}
make a project: 201
delete a project: 202
'''
# --8<-- [end:project]
