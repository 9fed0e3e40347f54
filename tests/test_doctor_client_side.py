"""Sets environments up as people have them, and asks what they alone show; where it can, MLflow itself is asked too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from doctor_recorded import Reply, answers, cassette, examination, serving
from handbook.measured import load_coverage
from mlflow_gitlab.doctor.client_side import look_around
from mlflow_gitlab.doctor.finding import Finding
from mlflow_gitlab.settings import load_settings
from test_doctor_wire import no_proxy as no_proxy

GITLAB = "https://gitlab.example.com"
URI = f"{GITLAB}/api/v4/projects/42/ml/mlflow"
TOKEN = "glpat-" + "t" * 20
GOOD = {
    "MLFLOW_TRACKING_URI": URI,
    "MLFLOW_TRACKING_TOKEN": TOKEN,
    "MLFLOW_EXPERIMENT_NAME": "wine-classifier",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    return tmp_path


def look(*, project: bool = False, root: str = "/nowhere", **changes: str | None) -> list[Finding]:
    """What a good environment with some changes shows; None takes a variable away."""
    environ = {name: value for name, value in (GOOD | changes).items() if value is not None}
    found = look_around(
        load_settings(Path(root), environ=environ),
        environ,
        examination(answers("developer")).project if project else None,
    )
    assert TOKEN not in str(found)
    return found


def ids(**changes: Any) -> list[str]:
    return [one.id for one in look(**changes)]


def test_a_good_environment() -> None:
    assert look() == []
    assert look(GITLAB_URL=GITLAB, GITLAB_PROJECT_ID="42") == []
    assert look(MLFLOW_TRACKING_URI=URI + "/") == []
    assert look(MLFLOW_TRACKING_URI=URI.replace("42", "acme%2Fwine-quality")) == []


# --- The address -----------------------------------------------------------------------------------------------------


def _number(other: str) -> str:
    return URI.replace("42", other)


_ENCODED = _number("acme%2Fwine-quality")


@pytest.mark.parametrize(
    ("address", "kind", "better"),
    [
        # errors/wrong_uri sends this one.
        (f"{GITLAB}/acme/wine-quality/ml/mlflow", "api-path-missing", _ENCODED),
        (f"{GITLAB}/acme/wine-quality", "api-path-missing", _ENCODED),
        (f"{GITLAB}/projects/42/ml/mlflow", "api-path-missing", URI),
        # measured as `uri: unencoded project path`
        (f"{GITLAB}/api/v4/projects/acme/wine-quality/ml/mlflow", "project-path-not-encoded", _ENCODED),
        (
            f"{GITLAB}/api/v4/projects/a/b%20c/d/ml/mlflow/",
            "project-path-not-encoded",
            URI.replace("42", "a%2Fb%20c%2Fd"),
        ),
        (f"{GITLAB}/api/v4/projects/42", "tracking-uri-incomplete", URI),
        (f"{GITLAB}/api/v4/projects/", "tracking-uri-incomplete", _number("<id>")),
        (
            f"{GITLAB}/git/api/v4/projects/42/ml",
            "tracking-uri-incomplete",
            URI.replace("/api", "/git/api"),
        ),
        ("./mlruns", "tracking-uri-incomplete", _number("<id>")),
        ("databricks", "tracking-uri-incomplete", _number("<id>")),
    ],
)
def test_an_address_that_is_not_a_projects(address: str, kind: str, better: str) -> None:
    (finding,) = look(MLFLOW_TRACKING_URI=address)
    assert (finding.id, finding.fix) == (kind, f"export MLFLOW_TRACKING_URI={better}")
    assert str(finding.evidence) == f"environment MLFLOW_TRACKING_URI: {address}"


def test_the_other_settings_know_the_right_address() -> None:
    (finding,) = look(MLFLOW_TRACKING_URI="file:/tmp/runs", GITLAB_URL=GITLAB, GITLAB_PROJECT="acme/wine-quality")
    assert finding.fix == f"export MLFLOW_TRACKING_URI={_ENCODED}"


def test_what_the_wrong_addresses_were_answered() -> None:
    sent = cassette("errors/wrong_uri").interactions[0]
    assert sent.path.startswith("/acme/wine-quality/ml/mlflow/")
    assert sent.status == 422
    for lane in load_coverage(ROOT):
        assert lane.probes["uri: unencoded project path:tracking"].status == "fails"
        assert lane.probes["uri: encoded project path:tracking"].status == "works"
        assert lane.probes["uri: trailing slash:tracking"].status == "works"


def test_an_address_of_another_project_or_server() -> None:
    assert ids(GITLAB_URL=GITLAB, GITLAB_PROJECT_ID="43") == ["tracking-uri-elsewhere"]
    assert ids(GITLAB_URL="https://git.example.org", GITLAB_PROJECT_ID="42") == ["tracking-uri-elsewhere"]
    (finding,) = look(GITLAB_URL=GITLAB, GITLAB_PROJECT_ID="43")
    assert str(finding.evidence) == (
        f"environment MLFLOW_TRACKING_URI: {URI}; environment GITLAB_URL: {GITLAB}; environment GITLAB_PROJECT_ID: 43"
    )


def test_an_id_and_a_path_are_compared_when_gitlab_has_shown_the_project() -> None:
    same = {"GITLAB_URL": GITLAB, "GITLAB_PROJECT": "Acme/wine-quality"}
    other = {"GITLAB_URL": GITLAB, "GITLAB_PROJECT": "acme/other"}
    assert ids(**same) == ids(**same, project=True) == []
    assert ids(**other) == []
    # doctor/developer[3] shows project 42, acme/wine-quality; the address says 42, so it is the other one.
    assert ids(MLFLOW_TRACKING_URI=URI.replace("42", "43"), **other, project=True) == ["tracking-uri-elsewhere"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_address(text: str) -> None:
    """Never an exception; and what is proposed is an address of the right form, or names its gap."""
    found = look_around(load_settings(Path("/nowhere"), environ={}, tracking_uri=text or "x"), {})
    for finding in found:
        if finding.id in {"api-path-missing", "project-path-not-encoded", "tracking-uri-incomplete"}:
            better = finding.fix.removeprefix("export MLFLOW_TRACKING_URI=")
            assert better.endswith("/ml/mlflow")
            assert "/api/v4/projects/" in better


# --- What wins over the token ----------------------------------------------------------------------------------------


def test_user_name_and_password_win() -> None:
    (finding,) = look(MLFLOW_TRACKING_USERNAME="me", MLFLOW_TRACKING_PASSWORD="hunter22")
    assert finding.id == "basic-auth-wins"
    assert str(finding.evidence) == "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD are set"
    assert finding.fix == "unset MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD"
    # What GitLab answers then.
    (sent,) = cassette("errors/basic_auth_wins").interactions
    assert sent.headers["Authorization"].startswith("Basic ")
    assert sent.status == 401


def test_one_of_the_two_does_nothing() -> None:
    assert ids(MLFLOW_TRACKING_USERNAME="me") == []
    assert ids(MLFLOW_TRACKING_PASSWORD="hunter22") == []


def test_a_file_of_mlflow_has_them(home: Path) -> None:
    file = home / ".mlflow/credentials"
    file.parent.mkdir()
    file.write_text("[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = hunter22\n", "utf-8")
    (finding,) = look()
    assert finding.id == "basic-auth-wins"
    assert finding.fix == f"delete both entries of {file}"
    assert "hunter22" not in str(finding)
    file.write_text("[mlflow]\nmlflow_tracking_password = hunter22\n", "utf-8")
    assert ids() == []
    assert ids(MLFLOW_TRACKING_USERNAME="me") == ["basic-auth-wins"]
    for text in ("mlflow_tracking_username = me\n", "[mlflow\n", "[other]\nx=1\n"):
        file.write_text(text, "utf-8")
        assert ids() == []
    file.write_bytes(b"\xff\xfe[mlflow]")
    assert ids() == []


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
@pytest.mark.parametrize("entry", ["machine gitlab.example.com", "default"])
def test_a_netrc_file_wins(home: Path, name: str, entry: str) -> None:
    (home / name).write_text(f"{entry} login me password hunter22\n", "utf-8")
    (finding,) = look()
    assert finding.id == "netrc-wins"
    assert str(finding.evidence) == f"{home / name} has a login for gitlab.example.com"
    assert "hunter22" not in str(finding)


def test_a_netrc_file_for_another_host(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".netrc").write_text("machine other.example.com login me password hunter22\n", "utf-8")
    assert ids() == []
    (home / "mine").write_text("machine gitlab.example.com login me password hunter22\n", "utf-8")
    monkeypatch.setenv("NETRC", str(home / "mine"))
    assert ids(NETRC=str(home / "mine")) == ["netrc-wins"]


def test_mlflow_itself_sends_what_netrc_says_and_the_doctor_does_not(
    home: Path, monkeypatch: pytest.MonkeyPatch, no_proxy: None
) -> None:
    """Simulated on loopback: this is what the finding is about."""
    from mlflow import MlflowClient

    from doctor_recorded import replay, settings
    from mlflow_gitlab.doctor import examine

    (home / ".netrc").write_text("machine 127.0.0.1 login me password hunter22\n", "utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    with serving(lambda _: Reply(200, '{"experiment_id":"1"}', {"Content-Type": "application/json"})) as server:
        MlflowClient(f"{server.url}/api/v4/projects/42/ml/mlflow").create_experiment("x")
    assert server.got[-1].headers["Authorization"] == "Basic " + "bWU6aHVudGVyMjI="
    with serving(replay("developer")) as server:
        assert examine(settings(url=server.url, token=TOKEN), client="3.17.2").findings == []
    assert {one.headers["Authorization"] for one in server.got} == {f"Bearer {TOKEN}"}
    with serving(replay("no_token")) as server:
        examine(settings(url=server.url, token=None))
    assert not any("Authorization" in one.headers for one in server.got)


# --- The rest --------------------------------------------------------------------------------------------------------


def test_an_address_without_encryption() -> None:
    (finding,) = look(MLFLOW_TRACKING_URI=URI.replace("https", "http"))
    assert finding.id == "http-address"
    assert ids(MLFLOW_TRACKING_URI="http://localhost:8080/api/v4/projects/42/ml/mlflow") == []


@pytest.mark.parametrize(
    ("value", "found"), [("true", True), ("True", True), ("1", True), ("false", False), ("", False)]
)
def test_certificates_that_nobody_checks(value: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.environment_variables import MLFLOW_TRACKING_INSECURE_TLS

    assert (ids(MLFLOW_TRACKING_INSECURE_TLS=value) == ["tls-check-off"]) is found
    if value:
        monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", value)
        assert bool(MLFLOW_TRACKING_INSECURE_TLS.get()) is found  # type: ignore[no-untyped-call]


def test_no_experiment() -> None:
    (finding,) = look(MLFLOW_EXPERIMENT_NAME=None)
    assert finding.id == "no-experiment"
    assert ids(MLFLOW_EXPERIMENT_NAME=None, MLFLOW_EXPERIMENT_ID="7") == []
    # What becomes of a run then.
    (sent,) = cassette("errors/no_experiment").interactions
    assert '"experiment_id": "0"' in str(sent.body)
    assert (sent.status, sent.answer) == (404, '{"error_code":"RESOURCE_DOES_NOT_EXIST"}')


def test_settings_that_mlflow_does_not_see(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in GOOD.items()), "utf-8")
    gone: dict[str, Any] = dict.fromkeys(GOOD)
    (finding,) = look(root=str(tmp_path), **gone)
    assert finding.id == "mlflow-not-set-up"
    assert str(finding.evidence) == f"not in the environment: {', '.join(GOOD)}"
    assert finding.fix == "mlflow-gitlab run -- python train.py"
    # As in a job of GitLab CI, in which only the token is a variable of the project's own.
    ci: dict[str, Any] = {"CI_SERVER_URL": GITLAB, "CI_PROJECT_ID": "42"}
    (finding,) = look(MLFLOW_TRACKING_URI=None, **ci)
    assert str(finding.evidence) == "not in the environment: MLFLOW_TRACKING_URI"


def test_an_authority_that_only_the_doctor_knows(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("", "utf-8")
    (finding,) = look(CI_SERVER_TLS_CA_FILE=str(bundle))
    assert str(finding.evidence) == "not in the environment: MLFLOW_TRACKING_SERVER_CERT_PATH"
    assert ids(REQUESTS_CA_BUNDLE=str(bundle)) == []
    assert ids(MLFLOW_TRACKING_SERVER_CERT_PATH=str(bundle)) == []


def test_a_login_in_an_address_is_not_shown() -> None:
    found = look(MLFLOW_TRACKING_URI="https:/" + "/me:hunter22@gitlab.example.com/acme/wine-quality")
    assert "hunter22" not in str(found)
