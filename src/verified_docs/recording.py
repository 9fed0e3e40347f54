"""Turns a raw vcrpy recording into a cassette: stable, scrubbed, with its provenance."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from verified_docs.adapter import Adapter
from verified_docs.cassette import (
    Cassette,
    Echo,
    Fingerprint,
    Interaction,
    cassette_path,
    check_cassette,
    write_cassette,
)
from verified_docs.inventory import load_manifest, write_manifest
from verified_docs.lane import Lane
from verified_docs.leaks import LABEL, NOTHING, Known, is_label, unspoken
from verified_docs.problem import Problem, Problems
from verified_docs.provenance import Failure, Provenance, Software
from verified_docs.refusal import UNSPOKEN, Unusable, reason, refused, shown_host, shown_variable, version_of
from verified_docs.rules import is_secret_name

RECORDER = "verified-docs import 1"
# Longer own texts are kept as a hash: nobody reads them, and a hash compares as exactly.
_LONGEST_UPLOAD = 4096
_SHORT_JSON = 100


@dataclass(frozen=True)
class Recording:
    """A raw recording on disk.

    Attributes:
        lane: The lane it was made in.
        example_id: The example that it belongs to, as `area/name`.
        path: The vcrpy file; a JSON file of the same name beside it says how it was made.
        program: The program that was recorded, where the folder has it.
    """

    lane: Lane
    example_id: str
    path: Path
    program: Path

    @property
    def key(self) -> str:
        """The recording's name in the manifest."""
        return f"{self.lane.id}/{self.example_id}"


def key_of(name: str) -> str:
    """The key under which a recording says which version of a program took part, such as `python_gitlab`."""
    return re.sub(r"\W", "_", name.lower())


def find_recordings(folder: Path, lanes: Iterable[Lane], only: Iterable[str] = ()) -> list[Recording]:
    """Lists the raw recordings of a folder, laid out as `<lane>/<area>/<name>.yaml`.

    Args:
        folder: The folder.
        lanes: The lanes to look for.
        only: Areas or `area/name`s to import; empty for all.

    Raises:
        Problem: The folder has none of them.
    """
    wanted = set(only)
    found = [
        Recording(lane, example_id, path, folder / "scenarios" / f"{example_id}.py")
        for lane in lanes
        for path in sorted((folder / lane.id).rglob("*.yaml"))
        if (example_id := path.relative_to(folder / lane.id).with_suffix("").as_posix())
        and (not wanted or example_id in wanted or example_id.partition("/")[0] in wanted)
    ]
    names = {recording.example_id for recording in found}
    missing = [name for name in wanted if not any(name in {other, other.partition("/")[0]} for other in names)]
    if not found or missing:
        raise Problem(
            folder,
            None,
            f"there is no recording of {', '.join(sorted(missing)) or 'any lane'}",
            "name a folder that holds <lane>/<area>/<name>.yaml: make import FROM=FOLDER EX=AREA",
            kind="no-recording",
        )
    return found


def import_recordings(
    root: Path,
    recordings: Iterable[Recording],
    adapter: Adapter,
    others: Iterable[Recording] = (),
    known: Known = NOTHING,
) -> list[Path]:
    """Writes a cassette for each recording, and the manifest last.

    All are converted before the first file is written, so that a bad recording changes nothing.

    Args:
        root: The project's folder.
        recordings: What to import.
        adapter: What is volatile and what is secret.
        others: What stands beside them; those that were never imported are listed as waiting.
        known: What the project and this machine know.

    Returns:
        The cassettes that were written.

    Raises:
        Problems: One entry for each recording that cannot become a cassette.
    """
    converted: list[tuple[Recording, Cassette]] = []
    found: list[Problem] = []
    for recording in recordings:
        try:
            cassette = convert(root, recording, adapter)
            check_cassette(cassette, known)
            converted.append((recording, cassette))
        except Problem as problem:
            problem.what = unspoken(problem.what, known, UNSPOKEN)
            found.append(problem)
    if found:
        raise Problems(found)
    rows = load_manifest(root)
    for recording, cassette in converted:
        rows[recording.key] = {
            "recording": cassette.provenance.recording_sha256,
            "cassette": write_cassette(cassette, known),
        }
    waiting = {other.key: hashlib.sha256(_read(other.path)).hexdigest() for other in others if other.key not in rows}
    write_manifest(root, rows, waiting)
    return [cassette.path for _, cassette in converted]


def convert(root: Path, recording: Recording, adapter: Adapter) -> Cassette:
    """Makes a cassette of a raw recording, without writing it.

    Raises:
        Problem: The recording is malformed, names another host, or sends a credential without a label.
    """
    try:
        cassette = _convert(root, recording, adapter)
        _ = cassette.text.encode()
    except (RecursionError, OverflowError, UnicodeEncodeError) as error:
        # Nested too deep, an infinite status, half of a sign.
        what = f"the recording holds what no cassette can hold ({type(error).__name__})"
        raise refused(recording.path, what) from None
    return cassette


def _convert(root: Path, recording: Recording, adapter: Adapter) -> Cassette:
    raw = _read(recording.path)
    rows = _parse(recording.path, raw)
    provenance = _provenance(recording, raw, adapter)
    interactions: list[Interaction] = []
    contents: list[tuple[bytes, bytes]] = []
    for number, row in enumerate(rows):
        try:
            interaction, content = _interaction(row, adapter)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise refused(recording.path, f"interaction {number} is malformed ({reason(error)})") from None
        interactions.append(interaction)
        contents.append(content)
    ended = provenance.exception
    try:
        with_files = [
            _with_files(number, interaction, contents, interactions, adapter)
            for number, interaction in enumerate(interactions)
        ]
        message = ended.message if ended else ""
        stable, message, environment = adapter.stabilise(with_files, message, provenance.environment)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise refused(recording.path, f"the recording cannot be made stable ({type(error).__name__})") from None
    provenance = provenance.model_copy(update={"environment": environment})
    for number, interaction in enumerate(stable):
        for host in _hosts(interaction):
            if host != adapter.host:
                what = f"interaction {number} names the host {shown_host(host)}, not {adapter.host}"
                raise refused(recording.path, what)
        if not re.match(rf"https?://{re.escape(adapter.host)}(?:[/?#]|\Z)", interaction.uri):
            raise refused(recording.path, f"interaction {number} has a user, a password or a port in its address")
    if ended:
        # Built-in exceptions go without a module, as Python itself writes them.
        failure = Failure(type=ended.type.removeprefix("builtins."), message=message)
        provenance = provenance.model_copy(update={"exception": failure})
    rows_shown = tuple(readable(interaction, adapter) for interaction in stable)
    return Cassette(cassette_path(root, recording.lane, recording.example_id), provenance, rows_shown)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refused(path, f"the recording cannot be read ({error.strerror})") from error


def _parse(path: Path, raw: bytes) -> list[Any]:
    try:
        document = yaml.load(raw, Loader=_RawLoader)
        rows = document["interactions"]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, RecursionError) as error:
        what = f"the recording is cut off or not one of vcrpy's ({reason(error)})"
        raise refused(path, what) from None
    if not isinstance(rows, list):
        raise refused(path, "the recording has no list of interactions")
    return rows


def _provenance(recording: Recording, raw: bytes, adapter: Adapter) -> Provenance:
    path = recording.path.with_suffix(".json")
    try:
        about = json.loads(path.read_text("utf-8"))
        lane = recording.lane
        client = about[key_of(adapter.client)]
        if client != lane.client_version:
            raise refused(
                path, f"the recording was made with {adapter.client} {version_of(client)}, not with {lane.client}"
            )
        server = about[key_of(adapter.server)]
        if not f"{adapter.server} {server['version']}".startswith(f"{lane.server}."):
            made = f"{adapter.server} {version_of(server['version'])}"
            raise refused(path, f"the recording was made with {made}, not {lane.server}")
        ended = about["exception"]
        # A recording that sent none says so.
        credentials = sorted(adapter.labelled(one) for one in about["credentials"] if one != "none")
        for credential in credentials:
            if not LABEL.search(credential):
                raise refused(path, "a credential in the list is not a label such as <project:developer:api>")
        for name in sorted(about["environment"]):
            if "TOKEN" in name or "PASSWORD" in name or is_secret_name(name):
                raise refused(path, f"the environment holds {shown_variable(name)}; leave credentials out of it")
        return Provenance(
            server=Software(name=adapter.server, version=server["version"], edition=server["edition"]),
            client=Software(name=adapter.client, version=client),
            python=about["python"],
            vcrpy=about["vcrpy"],
            recorded_at=about["recorded_at"],
            credentials=tuple(credentials),
            environment=about["environment"],
            recorder=RECORDER,
            recording_sha256=hashlib.sha256(raw).hexdigest(),
            program_sha256=hashlib.sha256(_read(recording.program)).hexdigest() if recording.program.exists() else None,
            exception=Failure.model_validate(ended) if ended else None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refused(path, f"the recording does not say how it was made ({reason(error)})") from None


def _interaction(row: Any, adapter: Adapter) -> tuple[Interaction, tuple[bytes, bytes]]:
    """An interaction with its headers scrubbed, and the bytes of its two bodies."""
    request, response = row["request"], row["response"]
    if not isinstance(request["method"], str) or not isinstance(request["uri"], str):
        raise TypeError("method and address are no text")
    urlsplit(request["uri"])
    headers = {}
    for name, value in _flat(request["headers"]):
        if name.lower() in adapter.credential_headers:
            headers[name] = label = adapter.labelled(value)
            if not is_label(label):
                raise Unusable(f"header {name} holds a credential that is not a label such as <project:developer:api>")
            if label != value and int(response["status"]["code"]) != 401:
                raise Unusable(f"header {name} holds an invented credential that was not refused")
        elif name.lower() in adapter.request_headers:
            headers[name.title()] = value
    answer_headers = {
        name.title(): value for name, value in _flat(response["headers"]) if name.lower() in adapter.answer_headers
    }
    sent, received = _bytes(request["body"]), _bytes(response["body"]["string"])
    interaction = Interaction(
        method=request["method"],
        uri=request["uri"],
        headers=dict(sorted(headers.items())),
        body=_text_or(sent, Fingerprint.of(sent, exact=True)) if sent else None,
        status=int(response["status"]["code"]),
        reason=str(response["status"]["message"]),
        answer_headers=dict(sorted(answer_headers.items())),
        answer=_text_or(received, received),
    )
    return interaction, (sent, received)


def _with_files(
    number: int,
    interaction: Interaction,
    contents: list[tuple[bytes, bytes]],
    interactions: list[Interaction],
    adapter: Adapter,
) -> Interaction:
    """Replaces the bytes of files that are not the example's own by what stands for them."""
    sent, received = contents[number]
    path = unquote(interaction.path)
    if adapter.is_upload(interaction.method, path):
        own = adapter.is_own(path, sent)
        text = _text_or(sent, None) if own and len(sent) <= _LONGEST_UPLOAD else None
        return replace(interaction, body=text if text is not None else Fingerprint.of(sent, exact=own))
    if interaction.method == "GET" and received:
        for earlier in range(number):
            above = interactions[earlier]
            if (
                contents[earlier][0] == received
                and adapter.is_upload(above.method, unquote(above.path))
                and not adapter.is_own(unquote(above.path), received)
            ):
                return replace(interaction, answer=Echo(earlier, hashlib.sha256(received).hexdigest(), len(received)))
    return interaction


def readable(interaction: Interaction, adapter: Adapter) -> Interaction:
    """Long JSON in several lines, so that a change to a cassette is a change of lines."""
    if adapter.is_upload(interaction.method, unquote(interaction.path)):
        return interaction
    body, answer = interaction.body, interaction.answer
    is_json = "json" in interaction.headers.get("Content-Type", "")
    answers_json = "json" in interaction.answer_headers.get("Content-Type", "")
    return replace(
        interaction,
        body=_pretty(body) if isinstance(body, str) and is_json else body,
        # An error stays as it came: clients quote it to the letter.
        answer=_pretty(answer) if isinstance(answer, str) and answers_json and interaction.status < 400 else answer,
    )


def _pretty(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return text if len(text) <= _SHORT_JSON else json.dumps(document, indent=1, ensure_ascii=False)


_ADDRESS = re.compile(r"(?:https?|ssh|git|ftp)://(?:[^/\s@\"'<>]*@)?([^/\s\"'<>:?#\\]+)")
# What the server writes itself; other answers are files that somebody has stored.
_WRITTEN_BY_SERVERS = ("json", "html", "csv", "xml")


def _hosts(interaction: Interaction) -> set[str]:
    """Every host that the server names or is called by; files that an example sends may name what they like."""
    texts = [interaction.uri, *interaction.answer_headers.values()]
    kind = interaction.answer_headers.get("Content-Type", "")
    if isinstance(interaction.answer, str) and any(word in kind for word in _WRITTEN_BY_SERVERS):
        texts.append(interaction.answer)
    return {host for text in texts for host in _ADDRESS.findall(text)}


def _flat(headers: Any) -> Iterable[tuple[str, str]]:
    for name, values in headers.items():
        for value in values if isinstance(values, (list, tuple)) else [values]:
            yield str(name), value.decode() if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise Unusable(f"a body of type {type(body).__name__}")


_CONTROL = re.compile(r"[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text_or[Other](content: bytes, other: Other) -> str | Other:
    """Bytes as text where YAML can hold them without loss, else something that stands for them."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return other
    return other if _CONTROL.search(text) else text


class _RawLoader(yaml.CSafeLoader):
    """Reads vcrpy's files: plain data, and the one object that vcrpy writes for an uploaded file."""


def _construct_file(loader: yaml.SafeLoader, node: yaml.MappingNode) -> bytes:
    state = loader.construct_mapping(node, deep=True).get("state") or (b"",)
    return _bytes(state[0])


def _construct_tuple(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


_RawLoader.add_constructor("tag:yaml.org,2002:python/object/new:_io.BytesIO", _construct_file)
_RawLoader.add_constructor("tag:yaml.org,2002:python/tuple", _construct_tuple)
