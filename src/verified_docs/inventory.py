"""Compares examples, cassettes and manifest: nothing missing, nothing left over, nothing edited by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from verified_docs.cassette import (
    CASSETTES,
    cassette_path,
    file_sha256,
    first_line,
    list_cassettes,
    load_cassette,
)
from verified_docs.example import EVERY_LANE, EXAMPLES, Example
from verified_docs.lane import CONFIG, Lane, load_settings
from verified_docs.problem import Problem, Problems, shown
from verified_docs.whole import write_whole

MANIFEST = "manifest.json"


def load_manifest(root: Path) -> dict[str, dict[str, str]]:
    """Reads the list of imported recordings.

    Returns:
        `<lane>/<area>/<name>` to `recording` (hash of the raw file) and `cassette` (hash of ours).

    Raises:
        Problem: The file is missing or malformed.
    """
    return _load(root)[0]


def load_waiting(root: Path) -> dict[str, str]:
    """Reads the list of recordings that an import saw and left out.

    Returns:
        `<lane>/<area>/<name>` to the hash of the raw file.

    Raises:
        Problem: The manifest is malformed.
    """
    return _load(root)[1]


def _load(root: Path) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    path = root / CASSETTES / MANIFEST
    try:
        document = json.loads(path.read_text("utf-8"))
        rows, waiting = document["recordings"], document.get("waiting", {})
        if not all(set(row) == {"recording", "cassette"} for row in rows.values()):
            raise ValueError("a row does not have just `recording` and `cassette`")
        if not all(isinstance(hashed, str) for hashed in waiting.values()) or rows.keys() & waiting.keys():
            raise ValueError("what waits is no list of hashes, or was imported")
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise Problem(
            path,
            None,
            f"the manifest cannot be read: {first_line(error)}",
            f"git checkout -- {shown(path)}",
            kind="manifest",
        ) from error
    return dict(rows), dict(waiting)


def waiting_areas(root: Path) -> dict[str, tuple[int, str]]:
    """Area to the number of recordings that no example shows yet, and what they wait for.

    Raises:
        Problem: The manifest or the settings are malformed.
    """
    due = load_settings(root).get("due", {})
    counts = Counter(key.split("/")[2] for key in load_waiting(root))
    return {area: (count, str(due.get(area, "an example"))) for area, count in sorted(counts.items())}


def write_manifest(root: Path, rows: dict[str, dict[str, str]], waiting: dict[str, str] | None = None) -> None:
    """Writes the list of imported recordings, sorted.

    Args:
        root: The project's folder.
        rows: Those that became cassettes.
        waiting: Those that an import saw and left out, or None to keep the list.
    """
    left = {key: hashed for key, hashed in (load_waiting(root) | (waiting or {})).items() if key not in rows}
    document = {"recordings": dict(sorted(rows.items())), "waiting": dict(sorted(left.items()))}
    text = json.dumps(document, indent=1) + "\n"
    write_whole(root / CASSETTES / MANIFEST, text)


def recorded_lanes(root: Path, example: Example, lanes: Iterable[Lane]) -> list[Lane]:
    """The lanes in which an example has a cassette."""
    return [lane for lane in lanes if cassette_path(root, lane, example.id).exists()]


def check_inventory(root: Path, examples: Sequence[Example], lanes: Sequence[Lane], *, others: bool = True) -> None:
    """Checks that every example is recorded, and that every cassette is an untouched import with an example.

    Args:
        root: The project's folder.
        examples: All examples, or those that are asked about.
        lanes: All lanes.
        others: Whether these are all examples, so that every other cassette is one too many.

    Raises:
        Problems: One entry for each thing that is missing, left over or edited.
    """
    found = [
        *(_check_waiting(root) if others else ()),
        *_check_cassettes(root, {example.id for example in examples}, lanes, others=others),
        *_check_examples(root, examples, lanes),
    ]
    if found:
        raise Problems(found)


def _check_waiting(root: Path) -> Iterable[Problem]:
    """Every recording that is left out belongs to an area that says what it waits for."""
    due = load_settings(root).get("due", {})
    areas: dict[str, list[str]] = {}
    for key in load_waiting(root):
        areas.setdefault(key.split("/")[2], []).append(key)
    for area, keys in areas.items():
        if area not in due:
            yield Problem(
                root / CASSETTES / MANIFEST,
                _line_of(root, keys[0]),
                f"{len(keys)} recordings of area {area!r} have no example, such as {keys[0]}",
                f"make import FROM=FOLDER EX={area}, or say under due in pyproject.toml what they wait for",
                kind="waiting",
            )
    for area in due.keys() - areas.keys():
        what = f"due says what recordings of area {area!r} wait for, and none is left out"
        yield Problem(
            root / CONFIG, None, what, f"take {area} out of due in {CONFIG}, then make verify", kind="waiting"
        )


def _line_of(root: Path, key: str) -> int:
    rows = (root / CASSETTES / MANIFEST).read_text("utf-8").splitlines()
    return next(number for number, row in enumerate(rows, start=1) if f'"{key}"' in row)


def _check_cassettes(root: Path, example_ids: set[str], lanes: Sequence[Lane], *, others: bool) -> Iterable[Problem]:
    folder = root / CASSETTES
    manifest = load_manifest(root)
    on_disk = {path.relative_to(folder).with_suffix("").as_posix(): path for path in list_cassettes(root)}
    if not others:
        asked = {f"{lane.id}/{name}" for lane in lanes for name in example_ids}
        on_disk = {key: path for key, path in on_disk.items() if key in asked}
        manifest = {key: row for key, row in manifest.items() if key in asked}
    for key, path in on_disk.items():
        lane = next((lane for lane in lanes if key.startswith(f"{lane.id}/")), None)
        remove = f"rm {shown(path)}"
        if lane is None:
            yield Problem(
                path, 1, "the cassette stands in no lane", f"{remove}, or add its lane to {CONFIG}", kind="unknown-lane"
            )
        elif key not in manifest:
            yield Problem(
                path,
                1,
                f"the cassette is not in {CASSETTES}/{MANIFEST}: no import wrote it",
                f"{remove}, or make import FROM=FOLDER EX={key.removeprefix(f'{lane.id}/')}",
                kind="unlisted-cassette",
            )
        elif key.removeprefix(f"{lane.id}/") not in example_ids:
            name = key.removeprefix(f"{lane.id}/")
            yield Problem(
                path,
                1,
                "the cassette has no example",
                f"write {EXAMPLES}/{name}.py, or {remove} and take its row out of {CASSETTES}/{MANIFEST}",
                kind="orphan-cassette",
            )
        elif file_sha256(path) != manifest[key]["cassette"]:
            yield Problem(
                path,
                _broken_line(path),
                "the cassette is cut off or was edited: its hash is not the one of its import",
                f"git checkout -- {shown(path)}",
                kind="edited-cassette",
            )
    for key in sorted(manifest.keys() - on_disk.keys()):
        path = folder / f"{key}.yaml"
        yield Problem(
            folder / MANIFEST,
            _line_of(root, key),
            f"the cassette {shown(path)} was imported and is gone",
            f"git checkout -- {shown(path)}",
            kind="missing-cassette",
        )


def _broken_line(path: Path) -> int:
    """Where a cassette stops being one, or its first line if it still is one."""
    try:
        load_cassette(path)
    except Problem as problem:
        return problem.line or 1
    return 1


def _check_examples(root: Path, examples: Sequence[Example], lanes: Sequence[Lane]) -> Iterable[Problem]:
    known = {lane.id for lane in lanes}
    for example in examples:
        check = f"make check EX={example.id}"
        recorded = {lane.id for lane in recorded_lanes(root, example, lanes)}
        if not recorded:
            yield Problem(
                example.path,
                1,
                "the example has no cassette in any lane",
                f"make import FROM=FOLDER EX={example.id}, or make record EX={example.id}",
                kind="no-cassette",
            )
        for table, keys in (("raises", example.metadata.raises), ("output", example.metadata.output)):
            for key in keys:
                every = key == EVERY_LANE and table == "raises"
                if (key not in known and not every) or (recorded and key in known - recorded):
                    why = "is not a lane" if key not in known else "has no recording of it"
                    yield Problem(
                        example.path,
                        example.header_line(key),
                        f"{key!r} under [tool.verified.{table}] {why}",
                        f"use one of {', '.join(sorted(recorded or known))}, then {check}",
                        kind="metadata",
                    )
        metadata = example.metadata
        if (
            recorded
            and example.expected
            and all(lane in metadata.output or metadata.raises_in(lane) for lane in recorded)
        ):
            yield Problem(
                example.path,
                example.expected[0].line,
                "no lane checks the `#>` comments: each has an output of its own or ends with an exception",
                f"take out the comments, or [tool.verified.output] of one lane, then {check}",
                kind="output",
            )
