"""Writes `curl` commands in many ways, and sees each that nobody ever sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ADAPTER, ROOT
from handbook.pages import recorded_requests
from verified_docs.curl import NotUnderstood, Requests, commands

HEADERS = ADAPTER.credential_headers
BASE = "https://gitlab.example.com/api/v4"
NAME = "experiments/get-by-name?experiment_name=wine-classifier"
SNIPPET = (ROOT / "snippets/commands/replay-curl.sh").read_text("utf-8")


@pytest.fixture(scope="module")
def requests() -> Requests:
    return recorded_requests(ROOT)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"curl {BASE}/user", "GET /api/v4/user with no credential"),
        (f"curl -sS -H 'PRIVATE-TOKEN: x' {BASE}/user", "GET /api/v4/user with private-token"),
        (f"curl -sSf --header='Authorization: Bearer x' {BASE}/user", "GET /api/v4/user with authorization bearer"),
        (f"curl -u me:x {BASE}/user", "GET /api/v4/user with authorization basic"),
        (f"curl --oauth2-bearer x {BASE}/user", "GET /api/v4/user with authorization bearer"),
        (f"curl -d '{{}}' {BASE}/a", "POST /api/v4/a with no credential"),
        (f"curl --json '{{}}' {BASE}/a", "POST /api/v4/a with no credential"),
        (f"curl -XDELETE {BASE}/a", "DELETE /api/v4/a with no credential"),
        (f"curl --request put {BASE}/a", "PUT /api/v4/a with no credential"),
        (f"curl -T file {BASE}/a", "PUT /api/v4/a with no credential"),
        (f"curl -I {BASE}/a", "HEAD /api/v4/a with no credential"),
        (f"curl -G -d b=2 -d a=1 {BASE}/a", "GET /api/v4/a?a=1&b=2 with no credential"),
        (f"curl --url {BASE}/a -o out.json", "GET /api/v4/a with no credential"),
        (f"curl {BASE}/a \\\n  --silent \\\n  --request POST", "POST /api/v4/a with no credential"),
        (f'x="$(curl --silent {BASE}/a)"', "GET /api/v4/a with no credential"),
        (f"curl {BASE}/a | python -m json.tool > b", "GET /api/v4/a with no credential"),
        (f"true && HOME=/ curl {BASE}/a", "GET /api/v4/a with no credential"),
        ('curl "$GITLAB_URL/api/v4/user"', "GET /api/v4/user with no credential"),
        ('curl "${OTHER}/user?x=${Y}"', "GET /user?x=${Y} with no credential"),
    ],
)
def test_what_is_sent(script: str, expected: str) -> None:
    (found,) = commands(script, HEADERS, ADAPTER.addresses)
    assert str(found) == expected


def test_each_curl_of_a_script_with_its_row() -> None:
    script = f"# curl it's no command\necho 'curl x\n'\ncurl {BASE}/a\n\nfor x in 1; do curl \\\n  {BASE}/b; done\n"
    assert [(one.line, one.path) for one in commands(script, HEADERS)] == [(4, "/api/v4/a"), (6, "/api/v4/b")]


@pytest.mark.parametrize(
    "script", ["curl --proxy-magic x https://a/b", "curl", "curl https://a/b https://a/c", "curl -H"]
)
def test_what_is_not_understood_is_refused(script: str, requests: Requests) -> None:
    with pytest.raises(NotUnderstood):
        commands(script, HEADERS)
    fault = requests.fault(script)
    assert fault
    assert "cannot be held to a recorded request" in fault[1]


def test_the_curl_of_the_site_was_recorded(requests: Requests) -> None:
    assert requests.fault(SNIPPET) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("get-by-name", "get-by-nam"),
        ("experiment_name=", "name="),
        ("wine-classifier", "red-wine-classifier"),
        ("Authorization: Bearer", "PRIVATE-TOKEN:"),
        ("Authorization: Bearer", "Authorization: Basic"),
        ('\\\n  --header "Authorization: Bearer $MLFLOW_TRACKING_TOKEN"', ""),
        ("--silent", "--silent --request POST"),
        ("--silent", "--silent --data x=1"),
        ("/api/2.0", "/api/3.0"),
        ("/api/2.0", ""),
        ("$MLFLOW_TRACKING_URI", "$GITLAB_URL"),
        ("?experiment_name", "?max_results=5&experiment_name"),
        ("?experiment_name=wine-classifier", ""),
    ],
)
def test_a_curl_that_nobody_sent_names_the_nearest(old: str, new: str, requests: Requests) -> None:
    assert old in SNIPPET
    fault = requests.fault(SNIPPET.replace(old, new))
    assert fault
    line, what = fault
    assert line == 1
    assert "sends no recorded request" in what
    assert "the nearest is " in what
    if "get-by" in old:
        assert NAME in what


@pytest.mark.parametrize(
    "script",
    [
        f"curl -H 'PRIVATE-TOKEN: $T' '{BASE}/projects/17'",
        f"curl -H 'PRIVATE-TOKEN: $T' '{BASE}/projects/acme%2Fwine-quality'",
        f'curl -H "PRIVATE-TOKEN: $T" "{BASE}/projects/$MY_PROJECT"',
        f'curl -H "PRIVATE-TOKEN: $T" "{BASE}/projects/<id>"',
        'curl -H "PRIVATE-TOKEN: $T" "$MY_API/projects/$MY_PROJECT"',
    ],
)
def test_ids_and_variables_may_be_anything(script: str, requests: Requests) -> None:
    assert requests.fault(script) is None


def test_a_variable_is_no_excuse_for_the_rest(requests: Requests) -> None:
    assert requests.fault('curl -H "PRIVATE-TOKEN: $T" "$MY_API/project/$MY_PROJECT"')
    assert requests.fault(f'curl -H "PRIVATE-TOKEN: $T" "{BASE}/$A/$B/$C/$D/$E/$F/$G/$H/$I"')


def test_without_recordings_nothing_is_known(tmp_path: Path) -> None:
    fault = recorded_requests(tmp_path).fault(SNIPPET)
    assert fault
    assert "nothing was recorded" in fault[1]


WORDS = st.lists(
    st.sampled_from(["-s", "-X", "POST", "'a b'", '"$X"', "|", ";", "\\\n", "$(", ")", "#", "'", '"', "curl", "x/y"])
)


@given(WORDS)
def test_no_script_ends_in_another_exception(words: list[str]) -> None:
    script = " ".join(["curl", *words])
    try:
        found = commands(script, HEADERS)
    except NotUnderstood:
        return
    assert all(one.line >= 1 for one in found)
