"""Spoils real recordings in every way at hand: an import gives a message or a whole cassette, nothing in between."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT
from verified_docs.cassette import file_sha256, load_cassette
from verified_docs.inventory import load_manifest
from verified_docs.problem import Problem, Problems
from verified_docs.recording import Recording, find_recordings, import_recordings

RECORDINGS = find_recordings(ROOT / "tests" / "recordings", LANES)
RAW = {recording: recording.path.read_bytes() for recording in RECORDINGS}
ABOUT = {recording: recording.path.with_suffix(".json").read_bytes() for recording in RECORDINGS}

ODD_ROWS = [
    "- !!python/object/apply:os.system ['true']",
    "!!python/object/new:_io.BytesIO {state: 1}",
    "  request: !!python/object/new:_io.BytesIO {state: {}}",
    "&a [*a]",
    "  body: *unknown",
    "<<: {a: 1}",
    "  body: !!binary 'not base 64 at all'",
    "  body: !!binary 'AAECAwQ='",
    "  body: !!timestamp '2026-99-99'",
    "  uri: 'http://[not-an-address'",
    "    code: .nan",
    "    code: 99999999999999999999999999",
    "    string: 2026-11-23",
    "    string: !!set {a, b}",
    "%YAML 9.9",
    "---",
    "...",
    "\t- tab",
    "? {a: b}\n: c",
    "- request: ",
    '"\\ud800"',
    "\x00",
    "\x85\u2028",
    "\ufeff",
    "[" * 2000,
    "{a: " * 2000,
    "- " * 2000,
]
ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    float("nan"),
    "",
    "x",
    "\ud800",
    "<any bytes, recorded>",
    b"\xff",
    [],
    {},
]
ODD_VALUES += [[None], {"string": None}, {1: 2}, {"a": {"b": "c"}}, "http://[x", "2026-11-23", "GET\n", [[[[]]]]]
ODD_VALUES += ["[" * 100_000, '{"id": ' * 100_000, "[" * 900 + "]" * 900, float("inf"), '{"id": 9, "name": "\\ud800"}']


def rows_of(draw: st.DrawFn, raw: bytes) -> bytes:
    """A file with a row gone, twice, at another place, or an odd one more."""
    rows = raw.decode("utf-8").split("\n")
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["gone", "twice", "moved", "odd", "indent"])):
            case "gone" if len(rows) > 1:
                del rows[place]
            case "twice":
                rows.insert(place, rows[place])
            case "moved":
                rows.insert(draw(st.integers(0, len(rows) - 1)), rows.pop(place))
            case "indent":
                rows[place] = draw(st.sampled_from([" ", "   ", "\t"])) + rows[place]
            case _:
                rows.insert(place, draw(st.sampled_from(ODD_ROWS)))
    return "\n".join(rows).encode("utf-8", "surrogatepass")


def bytes_of(draw: st.DrawFn, raw: bytes) -> bytes:
    """A file cut off, or with other bytes somewhere."""
    changed = bytearray(raw)
    for place in draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
        changed[place] = draw(st.integers(0, 255))
    return bytes(changed[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else changed)


def value_of(draw: st.DrawFn, document: Any) -> Any:
    """A document in which one value is an odd one; the same document, changed."""
    holder: Any = document
    for _ in range(draw(st.integers(0, 7))):
        below = holder[key] if (key := _key(draw, holder)) is not None else None
        if not isinstance(below, (dict, list)) or not below:
            break
        holder = below
    if (key := _key(draw, holder)) is not None:
        if draw(st.integers(0, 5)):
            holder[key] = draw(st.sampled_from(ODD_VALUES))
        else:
            del holder[key]
    return document


def _key(draw: st.DrawFn, holder: Any) -> Any:
    if isinstance(holder, dict) and holder:
        return draw(st.sampled_from(sorted(holder, key=str)))
    return draw(st.integers(0, len(holder) - 1)) if isinstance(holder, list) and holder else None


class _Plain(yaml.CSafeLoader):
    """Reads what vcrpy writes; an uploaded file becomes nothing."""


_Plain.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)
DOCUMENTS = {recording: json.dumps(yaml.load(raw, _Plain), default=str) for recording, raw in RAW.items()}


@dataclass
class Spoilt:
    """A recording, and its two files with something wrong in at least one."""

    recording: Recording
    raw: bytes = field(repr=False)
    about: bytes = field(repr=False)


@st.composite
def spoiled(draw: st.DrawFn) -> Spoilt:
    """A recording with its two files, at least one of which is spoiled."""
    recording = draw(st.sampled_from(RECORDINGS))
    raw, about = RAW[recording], ABOUT[recording]
    match draw(st.sampled_from(["rows", "bytes", "value", "about rows", "about bytes", "about value", "about deep"])):
        case "rows":
            raw = rows_of(draw, raw)
        case "bytes":
            raw = bytes_of(draw, raw)
        case "value":
            document = value_of(draw, json.loads(DOCUMENTS[recording]))
            with suppress(UnicodeEncodeError):  # half a sign: YAML cannot write it
                raw = yaml.dump(document, Dumper=yaml.CSafeDumper).encode()
        case "about rows":
            about = rows_of(draw, about)
        case "about bytes":
            about = bytes_of(draw, about)
        case "about value":
            with suppress(TypeError, ValueError):  # JSON cannot write everything either
                about = json.dumps(value_of(draw, json.loads(about))).encode()
        case _:
            about = about.replace(b'"environment": {}', b'"environment": ' + b"[" * 100_000, 1)
    return Spoilt(recording, raw, about)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@settings(max_examples=250)
@given(case=spoiled(), before=st.booleans())
def test_a_spoiled_recording_gives_a_message_or_a_whole_cassette(case: Spoilt, before: bool) -> None:
    recording = case.recording
    with tempfile.TemporaryDirectory() as name:
        into, path = Path(name, "into"), Path(name, "raw", recording.path.name)
        path.parent.mkdir()
        path.write_bytes(case.raw)
        path.with_suffix(".json").write_bytes(case.about)
        if before:
            import_recordings(into, [recording], ADAPTER)
        kept = files_of(into)
        spoilt = Recording(recording.lane, recording.example_id, path, recording.program)
        try:
            (written,) = import_recordings(into, [spoilt], ADAPTER)
        except (Problem, Problems) as refused:
            found = refused.found if isinstance(refused, Problems) else [refused]
            assert all(str(problem) for problem in found)
            assert files_of(into) == kept
            return
        cassette = load_cassette(written)
        assert cassette.text == written.read_text("utf-8")
        assert load_manifest(into)[recording.key]["cassette"] == file_sha256(written)
        assert set(files_of(into)) == {f"cassettes/{recording.key}.yaml", "cassettes/manifest.json"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"[" * 20_000,
        lambda raw: b"{a: " * 20_000,
        lambda raw: b"- " * 20_000,
        lambda raw: raw.replace(b"interactions:", b"interactions: &all\n- *all\nmore:", 1),
        lambda raw: raw.replace(b"uri: https://", b"uri: 'https://[", 1),
        lambda raw: b"",
        lambda raw: b"\xff\xfe" + raw,
        lambda raw: raw.replace(b"- request:", b"- [request", 1),
        lambda raw: raw.replace(b"code: 200", b"code: [200]", 1),
        lambda raw: raw.replace(b"code: 200", b"code: .inf", 1),
        lambda raw: raw.replace(b"method: GET", b"method: null", 1),
        lambda raw: raw.replace(b"method: GET\n    uri: ", b"method: GET\n    uri: &a {a: *a}\n    was: ", 1),
    ],
)
def test_what_breaks_parsers_is_refused(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    recording = RECORDINGS[0]
    (path := tmp_path / "raw.yaml").write_bytes(spoiled_raw := spoil(RAW[recording]))
    assert spoiled_raw != RAW[recording]
    path.with_suffix(".json").write_bytes(ABOUT[recording])
    with pytest.raises(Problems) as refused:
        import_recordings(
            tmp_path / "into", [Recording(recording.lane, recording.example_id, path, recording.program)], ADAPTER
        )
    assert all(problem.kind == "recording" for problem in refused.value.found)
    assert files_of(tmp_path / "into") == {}
