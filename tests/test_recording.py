"""Imports raw recordings of real servers: stable, scrubbed, refused when they cannot be trusted."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT
from verified_docs.cassette import Echo, load_cassette
from verified_docs.inventory import load_manifest, load_waiting
from verified_docs.problem import Problem, Problems
from verified_docs.recording import Recording, convert, find_recordings, import_recordings

RAW = ROOT / "tests" / "recordings"
RECORDINGS = find_recordings(RAW, LANES)
ids = [recording.key for recording in RECORDINGS]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A copy of the raw recordings that a test may spoil."""
    return Path(shutil.copytree(RAW, tmp_path / "raw"))


def only(folder: Path, example_id: str = "tracking/check_connection") -> Recording:
    return find_recordings(folder, LANES[-1:], [example_id])[0]


def spoil(recording: Recording, change: Callable[[str], str]) -> Recording:
    text = recording.path.read_text("utf-8")
    changed = change(text)
    assert changed != text
    recording.path.write_text(changed, "utf-8")
    return recording


@pytest.mark.parametrize("recording", RECORDINGS, ids=ids)
def test_import_gives_the_committed_cassette(recording: Recording, tmp_path: Path) -> None:
    (written,) = import_recordings(tmp_path, [recording], ADAPTER)
    committed = load_cassette(ROOT / "cassettes" / f"{recording.key}.yaml")
    # The recorded programs are not kept here, only their hashes.
    without = committed.provenance.model_copy(update={"program_sha256": None})
    assert written.read_text("utf-8") == replace(committed, provenance=without).text


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted((tmp_path / "cassettes").rglob("*")) if path.is_file()}

    import_recordings(tmp_path, RECORDINGS, ADAPTER)
    once = everything()
    import_recordings(tmp_path, RECORDINGS[::-1], ADAPTER)
    assert everything() == once
    assert len(once) == len(RECORDINGS) + 1


def test_manifest_names_the_raw_file_and_the_cassette() -> None:
    manifest = load_manifest(ROOT)
    for recording in RECORDINGS:
        row = manifest[recording.key]
        assert row["recording"] == hashlib.sha256(recording.path.read_bytes()).hexdigest()
        assert (
            row["cassette"] == hashlib.sha256((ROOT / "cassettes" / f"{recording.key}.yaml").read_bytes()).hexdigest()
        )


def test_import_adds_to_the_manifest(tmp_path: Path) -> None:
    import_recordings(tmp_path, RECORDINGS[:1], ADAPTER)
    import_recordings(tmp_path, RECORDINGS[1:2], ADAPTER)
    assert set(load_manifest(tmp_path)) == {recording.key for recording in RECORDINGS[:2]}


def test_what_was_not_imported_waits(tmp_path: Path) -> None:
    import_recordings(tmp_path, RECORDINGS[:1], ADAPTER, RECORDINGS)
    left = load_waiting(tmp_path)
    assert set(left) == {recording.key for recording in RECORDINGS[1:]}
    assert left[RECORDINGS[1].key] == hashlib.sha256(RECORDINGS[1].path.read_bytes()).hexdigest()
    import_recordings(tmp_path, RECORDINGS[1:2], ADAPTER)
    assert set(load_waiting(tmp_path)) == {recording.key for recording in RECORDINGS[2:]}


def test_provenance(raw: Path) -> None:
    program = only(raw).program
    program.parent.mkdir(parents=True)
    program.write_text("print(1)\n", "utf-8")
    cassette = convert(ROOT, only(raw), ADAPTER)
    provenance = cassette.provenance
    assert (provenance.server.name, provenance.server.version, provenance.server.edition) == (
        "GitLab",
        "19.3.0-pre",
        "FOSS",
    )
    assert (provenance.client.name, provenance.client.version) == ("MLflow", "3.17.2")
    assert provenance.credentials == ("Authorization: Bearer <project:developer:api>",)
    assert provenance.recorded_at.startswith("2026-11-22T")
    assert provenance.program_sha256 == hashlib.sha256(b"print(1)\n").hexdigest()


def test_recorded_failure_is_kept() -> None:
    ended = convert(ROOT, only(RAW, "flavors/sklearn_in_sub_folder"), ADAPTER).provenance.exception
    assert ended
    assert ended.type == "mlflow.exceptions.MlflowException"


def test_a_built_in_exception_has_no_module(raw: Path) -> None:
    recording = only(raw)
    about = json.loads(recording.path.with_suffix(".json").read_text("utf-8"))
    about["exception"] = {"type": "builtins.ValueError", "message": "no"}
    recording.path.with_suffix(".json").write_text(json.dumps(about), "utf-8")
    failure = convert(ROOT, recording, ADAPTER).provenance.exception
    assert failure is not None
    assert failure.type == "ValueError"


def test_headers_are_an_allow_list(raw: Path) -> None:
    recording = spoil(
        only(raw), lambda text: text.replace("      Vary:", "      X-Secret-Thing:\n      - hush\n      Vary:")
    )
    cassette = convert(ROOT, recording, ADAPTER)
    assert "hush" not in cassette.text
    for interaction in cassette.interactions:
        assert set(interaction.headers) <= {"Authorization", "Content-Type"}
        assert set(interaction.answer_headers) <= {"Content-Type"}


def test_files_that_came_back_are_not_kept() -> None:
    cassette = convert(ROOT, only(RAW, "registry/register_model_version"), ADAPTER)
    echoes = [one.answer for one in cassette.interactions if isinstance(one.answer, Echo)]
    assert len(echoes) == 5
    for echo in echoes:
        upload = cassette.interactions[echo.index]
        assert upload.method == "PUT"
        assert getattr(upload.body, "sha256", None) == echo.sha256
    assert "!!binary" not in cassette.text


def _shifted(text: str, hours: int, bump: int, seed: int) -> str:
    """The same conversation, as another day, another database and other random ids would have it."""
    names = {
        found: str(uuid.UUID(int=hash((seed, found)) % (1 << 128), version=4))
        for found in set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))
    }
    for old, new in names.items():
        text = text.replace(old, new)
    text = re.sub(r"\b17953\d{8}\b", lambda match: str(int(match.group()) + hours * 3_600_000), text)
    text = re.sub(r"\b17953\d{5}\b", lambda match: str(int(match.group()) + hours * 3600), text)
    for pattern in (
        r'(?<="version":")\d+(?=")',
        r"(?<=/versions/)\d+",
        r"(?<=ml_models/)\d+(?=/files)",
        r"(?<=mlflow-artifacts/artifacts/)\d+(?=/)",
        r"(?<=mlflow-artifacts:/)\d+",
        r"(?<=version=)\d+",
        r"(?<=path=)\d+",
        r"(?<=/ml/models/)\d+",
        r'(?<="user_id":")\d+',
    ):
        text = re.sub(pattern, lambda match: str(int(match.group()) + bump), text)
    return text


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["registry/register_model_version", "tracking/page_through_runs", "tracking/log_artifacts"]),
    hours=st.integers(-20_000, 20_000),
    bump=st.integers(0, 10**7),
    seed=st.integers(),
)
def test_ids_and_times_of_the_day_leave_no_trace(name: str, hours: int, bump: int, seed: int, tmp_path: Path) -> None:
    recording = only(RAW, name)
    copy = tmp_path / name.rpartition("/")[2]
    copy.with_suffix(".json").write_bytes(recording.path.with_suffix(".json").read_bytes())
    copy.with_suffix(".yaml").write_text(_shifted(recording.path.read_text("utf-8"), hours, bump, seed), "utf-8")
    other = Recording(recording.lane, recording.example_id, copy.with_suffix(".yaml"), recording.program)
    assert convert(ROOT, other, ADAPTER).interactions == convert(ROOT, recording, ADAPTER).interactions


def test_order_of_ids_and_times_is_kept() -> None:
    text = convert(ROOT, only(RAW, "tracking/page_through_runs"), ADAPTER).text
    starts = [int(found) for found in re.findall(r'"start_time": (\d+)', text)]
    assert starts
    assert all(start >= 1_767_225_600_000 for start in starts)


# In parts: this file is scanned for tokens too.
TOKEN = "aB3dE5fG7h" + "J9kL1mN3pQ"
REFUSED: list[tuple[str, Callable[[str], str], str]] = [
    (
        "a token in a query",
        lambda text: text.replace("experiments/get?", "experiments/get?private_token=" + TOKEN + "&", 1),
        "secret",
    ),
    (
        "another host in an answer",
        lambda text: text.replace("not_implemented", "https://gitlab.corp.test/x", 1),
        "gitlab.corp.test",
    ),
    ("cut off in the middle", lambda text: text[: len(text) // 2], "malformed|cut off"),
    (
        "cut off in a string",
        lambda text: text[: text.index("RESOURCE") + 3] if "RESOURCE" in text else text[:700],
        "cut off|malformed",
    ),
    ("not vcrpy's", lambda _: "a: 1\n", "cut off or not one of vcrpy's"),
    ("no list", lambda _: "interactions: 3\n", "no list"),
    (
        "a Python object",
        lambda text: text.replace("body: null", "body: !!python/object/apply:os.system ['true']", 1),
        "cut off",
    ),
    (
        "a real token",
        lambda text: text.replace("Bearer <project:developer:api>", "Bearer " + "abcdefghijklmnopqrst", 1),
        "not a label",
    ),
    (
        "a token beside the label",
        lambda text: text.replace("Bearer <project:developer:api>", "Bearer <project:developer:api> x", 1),
        "not a label",
    ),
    (
        "another host",
        lambda text: text.replace("https://gitlab.example.com/api", "https://gitlab.corp.test/api", 1),
        "gitlab.corp.test",
    ),
]


@pytest.mark.parametrize(("_what", "change", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(_what: str, change: Callable[[str], str], message: str, raw: Path, tmp_path: Path) -> None:
    bad = spoil(only(raw), change)
    good = only(raw, "tracking/log_artifacts")
    with pytest.raises(Problems, match=message) as caught:
        import_recordings(tmp_path / "into", [good, bad], ADAPTER)
    assert [problem.path.stem for problem in caught.value.found] == [bad.path.stem]
    # All or nothing: not even the good one was written.
    assert not (tmp_path / "into").exists()


INVENTED = "glpat-" + "wrong-token-000000"


def sent(recording: Recording, token: str, status: int = 401) -> Recording:
    """A recording in which every request had this token and got this answer."""
    about = recording.path.with_suffix(".json")
    for path in (recording.path, about):
        path.write_text(path.read_text("utf-8").replace("<project:developer:api>", token), "utf-8")
    return spoil(recording, lambda text: re.sub(r"\bcode: \d+", f"code: {status}", text))


def test_an_invented_token_becomes_a_label(raw: Path) -> None:
    cassette = convert(ROOT, sent(only(raw), INVENTED), ADAPTER)
    assert {one.headers["Authorization"] for one in cassette.interactions} == {"Bearer <unknown>"}
    assert cassette.provenance.credentials == ("Authorization: Bearer <unknown>",)
    assert INVENTED not in cassette.text


@pytest.mark.parametrize(
    "token",
    [
        "glpat-" + TOKEN,
        INVENTED + "x",
        INVENTED + "-Ab3dE5fG7h",
        INVENTED + ".01.120abcdef",
        "x" + INVENTED,
        INVENTED.replace("0", "1"),
        INVENTED.replace("wrong", "Wr0ng"),
        f"{INVENTED} {TOKEN}",
        f"<unknown> {TOKEN}",
    ],
)
def test_a_token_that_may_be_real_is_refused(token: str, raw: Path) -> None:
    with pytest.raises(Problem, match="not a label"):
        convert(ROOT, sent(only(raw), token), ADAPTER)


def test_an_invented_token_that_was_good_is_refused(raw: Path) -> None:
    with pytest.raises(Problem, match="an invented credential that was not refused"):
        convert(ROOT, sent(only(raw), INVENTED, 200), ADAPTER)


def test_a_recording_may_say_that_it_sent_no_credential(raw: Path) -> None:
    recording = only(raw)
    about = recording.path.with_suffix(".json")
    document = json.loads(about.read_text("utf-8")) | {"credentials": ["none"]}
    about.write_text(json.dumps(document), "utf-8")
    assert convert(ROOT, recording, ADAPTER).provenance.credentials == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mlflow", "3.17.1"),
        ("gitlab", {"version": "18.9.0-pre", "edition": "FOSS"}),
        ("credentials", None),
        ("credentials", ["PRIVATE-TOKEN " + TOKEN]),
        ("environment", {"MLFLOW_TRACKING_TOKEN": TOKEN}),
        ("environment", [TOKEN]),
        ("exception", {"type": 1}),
        ("exception", True),
    ],
)
def test_refused_for_how_it_was_made(key: str, value: object, raw: Path) -> None:
    recording = only(raw)
    about = recording.path.with_suffix(".json")
    about.write_text(json.dumps(json.loads(about.read_text("utf-8")) | {key: value}), "utf-8")
    with pytest.raises(Problem) as caught:
        convert(ROOT, recording, ADAPTER)
    assert TOKEN not in str(caught.value)


def test_refused_without_how_it_was_made(raw: Path) -> None:
    recording = only(raw)
    recording.path.with_suffix(".json").unlink()
    with pytest.raises(Problem, match="does not say how it was made"):
        convert(ROOT, recording, ADAPTER)


def test_no_recording_of_that_name() -> None:
    with pytest.raises(Problem, match="no recording of tracking/nothing"):
        find_recordings(RAW, LANES, ["tracking/nothing", "tracking"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), noise=st.text(max_size=6), again=st.booleans())
def test_a_spoiled_file_gives_a_message_or_a_cassette(cut: float, noise: str, again: bool, tmp_path: Path) -> None:
    recording = only(RAW)
    text = recording.path.read_text("utf-8")
    place = int(len(text) * cut)
    spoiled = tmp_path / "spoiled.yaml"
    spoiled.write_text(text[:place] + noise + (text[place:] if again else ""), "utf-8", errors="ignore")
    spoiled.with_suffix(".json").write_bytes(recording.path.with_suffix(".json").read_bytes())
    try:
        cassette = convert(ROOT, Recording(recording.lane, recording.example_id, spoiled, recording.program), ADAPTER)
    except Problem:
        return
    assert load_cassette(cassette.path, cassette.text).interactions == cassette.interactions


SECRETS = st.one_of(
    st.builds(
        "glpat-{}".format,
        st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=20, max_size=20),
    ),
    st.builds("someone{}@corp.test".format, st.integers(0, 99)),
    st.just("Bearer " + "0123456789abcdef" * 2),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRETS, place=st.integers(0, 30))
def test_a_planted_secret_is_never_written(secret: str, place: int, tmp_path: Path) -> None:
    recording = only(RAW, "tracking/log_artifacts")
    document = yaml.safe_load(recording.path.read_text("utf-8"))
    bodies = [
        one["response"]["body"] for one in document["interactions"] if one["response"]["body"]["string"].startswith("{")
    ]
    body = bodies[place % len(bodies)]
    body["string"] = json.dumps(json.loads(body["string"]) | {"note": secret})
    planted = tmp_path / "planted.yaml"
    planted.write_text(yaml.safe_dump(document), "utf-8")
    planted.with_suffix(".json").write_bytes(recording.path.with_suffix(".json").read_bytes())
    into = tmp_path / "into"
    with pytest.raises(Problems, match="secret"):
        import_recordings(into, [Recording(recording.lane, recording.example_id, planted, recording.program)], ADAPTER)
    assert not any(path.is_file() for path in into.rglob("*"))
