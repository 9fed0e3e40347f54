"""Shows the doctor every recorded state of token and project, and asks for the cause and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from conftest import ROOT
from doctor_recorded import (
    HEALTHY,
    RECORDED_AT,
    SERVERS,
    STATES,
    answers,
    as_answer,
    cassette,
    examination,
    ids,
    recorded,
)
from handbook.measured import Permissions, load_permissions
from mlflow_gitlab.doctor.answers import Answer
from mlflow_gitlab.doctor.finding import Evidence, Finding, Severity
from mlflow_gitlab.redaction import Redactor

_ML = "/projects/42/ml/mlflow/api/2.0/mlflow"
_BY_NAME = f"GET {_ML}/experiments/get-by-name?experiment_name=no-such-experiment"
_SEARCH = f"POST {_ML}/experiments/search"
_401 = '{"message":"401 Unauthorized"}'
_SCOPE = (
    '{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the '
    'access token.","scope":"api read_api"}'
)
_ENDED = '{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token '
# State to what the doctor finds: id, request, status, body. GitLab 18.9 adds one of its own.
FOUND: dict[str, list[tuple[str, str, int, str]]] = {
    "archived": [("project-archived", "GET /projects/42", 200, '{"archived":true}')],
    "deploy_token": [("token-unknown", "GET /user", 401, _401)],
    "developer": [],
    "empty_project": [],
    "experiments_off": [("experiments-off", _BY_NAME, 404, '{"message":"404 Not Found"}')],
    "expired": [("token-expired", "GET /user", 401, _ENDED + 'refresh."}')],
    "guest": [("role-too-low", _SEARCH, 401, _401)],
    "maintainer": [],
    "no_token": [("token-missing", "GET /user", 401, _401)],
    "oauth": [
        (
            "oauth-token",
            "GET /personal_access_tokens/self",
            400,
            '{"message":"400 Bad request - This endpoint requires token type to be a personal access token"}',
        ),
        ("project-not-found", "GET /projects/42", 404, '{"message":"404 Project Not Found"}'),
    ],
    "outsider": [("project-not-found", "GET /projects/42", 404, '{"message":"404 Project Not Found"}')],
    "owner": [],
    "packages_off": [
        ("packages-off", "GET /projects/42/packages?package_type=ml_model", 403, '{"message":"403 Forbidden"}')
    ],
    "read_api": [("scope-too-small", _SEARCH, 403, _SCOPE)],
    "read_user": [("scope-too-small", _BY_NAME, 403, _SCOPE)],
    "registry_off": [
        ("registry-off", f"GET {_ML}/registered-models/get?name=no-such-model", 404, '{"message":"404 Not Found"}')
    ],
    "reporter": [("role-too-low", _SEARCH, 401, _401)],
    "revoked": [
        (
            "token-revoked",
            "GET /user",
            401,
            _ENDED.replace("is expired. You can either do re-authorization or token ", "was revoked. You have to ")
            + 're-authorize from the user."}',
        )
    ],
}
# With a token that is not alive, GitLab does not even tell its version.
_NO_VERSION = {"deploy_token", "expired", "no_token", "revoked"}
_RAW_ROWS = ("registry-unreadable", "GET /metadata", 200, '{"version":"18.9.0-pre"}')


def test_every_recorded_state_has_its_row() -> None:
    assert sorted(FOUND) == STATES


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("state", STATES)
def test_what_is_found_in_a_recorded_state(state: str, server: str) -> None:
    found = [
        (one.id, one.evidence.request, one.evidence.status, one.evidence.body)
        for one in recorded(state, server).findings
    ]
    own = [_RAW_ROWS] if server == "18.9" and state not in _NO_VERSION else []
    assert found == [*FOUND[state], *own]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("state", HEALTHY)
def test_the_state_that_is_put_right_has_no_finding(state: str, server: str) -> None:
    assert [one for one in recorded(state, server).findings if one.severity is Severity.ERROR] == []
    assert all(one.fine for one in recorded(state, server).answers)


@pytest.mark.parametrize("state", sorted(set(STATES) - set(HEALTHY)))
def test_whatever_is_not_fine_has_an_error(state: str) -> None:
    assert any(one.severity is Severity.ERROR for one in recorded(state).findings)


def test_mlflow_2_reads_what_gitlab_18_9_answers() -> None:
    assert ids(examination(answers("developer", "18.9"), client="2.22.5")) == []
    assert ids(examination(answers("developer", "18.9"), client="3.17.2")) == ["registry-unreadable"]


def test_a_token_that_gitlab_never_made() -> None:
    # errors/wrong_token[0], for each of the nine.
    refused = cassette("errors/wrong_token").interactions[0]
    found = examination([replace(as_answer(one.name, refused), request=one.request) for one in answers("developer")])
    assert ids(found) == ["token-unknown"]
    assert str(found.findings[0].evidence) == f"GET /user: 401 {_401}"


@pytest.mark.parametrize(
    ("token", "looks"), [("gldt-" + "a" * 20, "a deploy token"), ("glptt-" + "a" * 40, "a trigger token")]
)
def test_the_beginning_of_a_token_says_more(token: str, looks: str) -> None:
    (finding,) = examination(answers("deploy_token"), token=token).findings
    assert finding.what.endswith(f"It begins like {looks}.")
    assert token not in str(finding)


def test_a_project_that_is_not_there() -> None:
    # errors/wrong_project[0], for the project and what is in it; doctor/developer[0:3] for the rest.
    missing = cassette("errors/wrong_project").interactions[0]
    known, inside = answers("developer")[:3], answers("developer")[3:]
    found = examination([*known, *(replace(as_answer(one.name, missing), request=one.request) for one in inside)])
    assert ids(found) == ["project-not-found"]


# --- What was measured for single requests, without the rest of the nine ---------------------------------------------

_OPERATIONS = {
    "experiment": "experiments.get-by-name",
    "search": "experiments.search",
    "model": "registered-models.get",
    "packages": "rest.packages-list",
    "file": "packages.download-candidate",
}
NEWEST = load_permissions(ROOT)[-1]


def measured(credential: str, project: str = "private", cells: Permissions = NEWEST) -> list[Answer]:
    """Answers to five of the questions: refusals as measured, what is allowed as in doctor/developer[4:9]."""
    found = []
    for allowed in answers("developer")[4:]:
        answer = cells.answer(_OPERATIONS[allowed.name], credential, project)
        assert answer is not None
        refused = Answer(allowed.name, allowed.request, answer.status, answer.body or "")
        found.append(refused if answer.status >= 400 else allowed)
    return found


@pytest.mark.parametrize("role", ["developer", "reporter", "guest"])
@pytest.mark.parametrize("cells", load_permissions(ROOT), ids=lambda one: one.source.series)
def test_the_token_of_a_job(role: str, cells: Permissions) -> None:
    found = examination(measured(f"job:{role}:bearer", cells=cells))
    assert ids(found) == ["token-of-a-job"]
    assert (found.findings[0].evidence.status, found.findings[0].evidence.body) == (401, _401)


def test_a_fine_grained_token_without_a_permission() -> None:
    (finding, *others) = examination(measured("fg:developer:all-ml-other-project")).findings
    assert (finding.id, finding.severity) == ("permission-missing", Severity.ERROR)
    assert finding.evidence.status == 403
    assert "[Ml Experiment: Read]" in finding.evidence.body
    assert [one.id for one in others] == []


def test_a_fine_grained_token_that_only_lists_no_packages() -> None:
    (finding,) = examination(measured("fg:developer:all-ml")).findings
    assert (finding.id, finding.severity) == ("permission-missing", Severity.WARNING)
    assert "[Package: Read]" in finding.evidence.body


def test_the_scope_is_named_before_the_role_and_the_role_as_well() -> None:
    # A Guest with read_api is refused for the scope; doctor/guest[3] shows the role that would be next.
    found = examination([*answers("guest")[:4], *measured("pat:guest:read_api")])
    assert ids(found) == ["scope-too-small", "role-too-low"]
    assert '"access_level":10' in found.findings[1].evidence.body


def test_two_causes_are_two_findings() -> None:
    # doctor/experiments_off, with what the packages of doctor/packages_off answered: refused, and on in the project.
    refused = {one.name: one for one in answers("packages_off")[7:]}
    found = examination([refused.get(one.name, one) for one in answers("experiments_off")])
    assert ids(found) == ["experiments-off"]
    # doctor/packages_off, with what MLflow's routes of doctor/reporter answered.
    low = {one.name: one for one in answers("reporter")[4:7]}
    assert ids(examination([low.get(one.name, one) for one in answers("packages_off")])) == [
        "packages-off",
        "role-too-low",
    ]


def test_a_refusal_that_nothing_explains_is_said() -> None:
    # doctor/developer, with what the packages of doctor/packages_off answered.
    refused = {one.name: one for one in answers("packages_off")[7:]}
    found = examination([refused.get(one.name, one) for one in answers("developer")])
    assert ids(found) == ["server-odd-answer"]
    assert found.findings[0].evidence.status == 403
    # The same with a name that doctor/experiments_off does not find, in a project whose experiments are on.
    off = {one.name: one for one in answers("experiments_off")[4:5]}
    found = examination([off.get(one.name, one) for one in answers("developer")])
    assert ids(found) == ["server-odd-answer"]
    assert found.findings[0].evidence.body == '{"message":"404 Not Found"}'


def test_every_text_of_a_finding_is_cleaned() -> None:
    secret = "glpat-" + "s" * 20
    finding = Finding(
        "x", Severity.NOTE, f"what {secret}", Evidence(f"body {secret}", f"GET /{secret}"), f"fix {secret}", "page.md"
    )
    assert secret not in repr(finding.clean(Redactor([secret]).text))


def test_a_member_of_nothing_in_a_public_project() -> None:
    # Simulated: no recording has the project as somebody sees it who is no member. The rest was measured.
    project = answers("guest")[3]
    roles = '"project_access":{"access_level":10,"notification_level":3}'
    body = "".join(row.strip() for row in project.body.splitlines()).replace('": ', '":')
    assert roles in body
    seen = replace(project, body=body.replace(roles, '"project_access":null'))
    cells = measured("pat:outsider:api", "public-features-private")
    found = examination([*answers("outsider")[:3], seen, *cells])
    assert ids(found) == ["role-too-low"]
    assert "not a member" in found.findings[0].what


# --- Time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "soon"), [(23, []), (24, ["token-expires-soon"]), (30, ["token-expires-soon"])])
def test_a_token_that_ends_within_a_week(days: int, soon: list[str]) -> None:
    # The recorded token ends 30 days after its recording.
    found = examination(answers("developer"), now=RECORDED_AT + timedelta(days=days))
    assert ids(found) == soon
    assert all('"expires_at":"2026-12-22"' in one.evidence.body for one in found.findings)


@pytest.mark.parametrize(
    ("seconds", "said"), [(300.0, None), (301.0, "ahead"), (-301.0, "behind"), (-299.0, None), (None, None)]
)
def test_a_clock_that_is_wrong(seconds: float | None, said: str | None) -> None:
    # Simulated: the recordings keep no Date.
    found = examination([replace(one, ahead=seconds) for one in answers("developer")]).findings
    assert [one.id for one in found] == (["clock-skew"] if said else [])
    assert all(f"301 seconds {said}" in one.evidence.body for one in found)


def test_the_day_of_the_recordings_is_far_from_the_end_of_their_tokens() -> None:
    assert datetime(2026, 12, 22, tzinfo=RECORDED_AT.tzinfo) - RECORDED_AT > timedelta(days=7)
