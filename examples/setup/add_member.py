# /// script
# requires-python = ">=3.12"
# dependencies = ["python-gitlab>=8,<9"]
#
# [tool.verified]
# title = "Give a person a role with an end date"
# role = "Owner"
# scope = "api"
# tokens = { GITLAB_TOKEN = "pat:owner:api" }
# ///
"""A member added as Reporter for 39 days, raised to Developer, removed."""

import os
from datetime import date, timedelta

import gitlab
from gitlab.const import AccessLevel

gl = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"])
project = gl.projects.get(os.environ["GITLAB_PROJECT_ID"])
somebody = "reporter"  # the user name of the person
(person,) = gl.users.list(username=somebody)

member = project.members.create(
    {
        "user_id": person.id,
        "access_level": AccessLevel.REPORTER,
        "expires_at": (date.today() + timedelta(days=39)).isoformat(),
    }
)
print(member.username, "is", AccessLevel(member.access_level).name)
#> reporter is REPORTER

member.access_level = AccessLevel.DEVELOPER
member.save()
member = project.members.get(person.id)
print(member.username, "is", AccessLevel(member.access_level).name)
#> reporter is DEVELOPER

member.delete()
members = project.members.list(get_all=True)
print("still a member:", person.id in [one.id for one in members])
#> still a member: False
