"""Plants secrets anywhere in a raw recording: none survives the import, and no message tells one."""

from __future__ import annotations

import base64
import copy
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import planted
from conftest import ADAPTER, LANES, ROOT
from verified_docs.leaks import Known
from verified_docs.problem import Problems
from verified_docs.recording import find_recordings, import_recordings

RECORDING = find_recordings(ROOT / "tests" / "recordings", LANES[-1:], ["tracking/log_artifacts"])[0]
ABOUT: dict[str, Any] = json.loads(RECORDING.path.with_suffix(".json").read_text("utf-8"))
WHOLE: dict[str, Any] = yaml.load(RECORDING.path.read_text("utf-8"), yaml.CSafeLoader)
# A search, a creation, an upload and its download: one of each suffices, and is quicker.
_KEPT = (0, 1, 3, 6, 15)
DOCUMENT = {**WHOLE, "interactions": [WHOLE["interactions"][number] for number in _KEPT]}
_CREATE, _UPLOAD, _DOWNLOAD = 1, 3, 4

# Stands for a comment of the YAML file.
REMARK = "#"
Row = dict[str, Any]
Plant = Callable[[list[Row], Row, str], None]


def _body(row: Row, key: str, value: Any) -> None:
    row["body"] = json.dumps({**json.loads(row["body"]), key: value})


def _answer(rows: list[Row], value: Any, key: str = "note") -> None:
    body = rows[2]["response"]["body"]
    body["string"] = json.dumps({**json.loads(body["string"]), key: value})


def _header(row: Row, name: str, value: str) -> None:
    row["headers"][name] = [value]


def _uri(row: Row, change: Callable[[str], str]) -> None:
    row["request"]["uri"] = change(row["request"]["uri"])


def _set(target: Row, name: str, value: Any) -> None:
    target[name] = value


# Where any text may stand. Some places are dropped by the import, some are kept, and some have to be something else.
PLACES: dict[str, Plant] = {
    "request header that is dropped": lambda rows, about, text: _header(rows[0]["request"], "X-Note", text),
    "request header that is kept": lambda rows, about, text: _header(rows[0]["request"], "Content-Type", text),
    "request header, credential": lambda rows, about, text: _header(rows[0]["request"], "Authorization", text),
    "request header, beside a label": lambda rows, about, text: _header(
        rows[0]["request"], "Private-Token", f"<project:developer:api> {text}"
    ),
    "name of a request header": lambda rows, about, text: _header(rows[0]["request"], text, "x"),
    "answer header that is dropped": lambda rows, about, text: _header(rows[0]["response"], "X-Note", text),
    "answer header that is kept": lambda rows, about, text: _header(rows[0]["response"], "Link", text),
    "answer header, address": lambda rows, about, text: _header(
        rows[0]["response"], "Location", f"https://gitlab.example.com/x?next={text}"
    ),
    "path of the address": lambda rows, about, text: _uri(rows[0], lambda uri: uri.replace("/mlflow/", f"/{text}/", 1)),
    "query of the address": lambda rows, about, text: _uri(rows[0], lambda uri: f"{uri}&note={text}"),
    "fragment of the address": lambda rows, about, text: _uri(rows[0], lambda uri: f"{uri}#{text}"),
    "user in the address": lambda rows, about, text: _uri(rows[0], lambda uri: uri.replace("://", f"://{text}@")),
    "password in the address": lambda rows, about, text: _uri(
        rows[0], lambda uri: uri.replace("://", f"://oauth2:{text}@")
    ),
    "host of the address": lambda rows, about, text: _uri(rows[0], lambda uri: uri.replace("gitlab.example.com", text)),
    "port of the address": lambda rows, about, text: _uri(rows[0], lambda uri: uri.replace(".com/", f".com:{text}/")),
    "method": lambda rows, about, text: _set(rows[0]["request"], "method", text),
    "request body": lambda rows, about, text: _set(rows[0]["request"], "body", f"a={text}"),
    "JSON of a request": lambda rows, about, text: _body(rows[1]["request"], "note", text),
    "key of a request": lambda rows, about, text: _body(rows[1]["request"], text, "note"),
    "tag of a request": lambda rows, about, text: _body(rows[1]["request"], "tags", [{"key": "note", "value": text}]),
    "JSON in a string of a request": lambda rows, about, text: _body(
        rows[1]["request"], "tags", [{"key": "mlflow.log-model.history", "value": json.dumps([{"by": text}])}]
    ),
    "bytes of a request": lambda rows, about, text: _set(rows[0]["request"], "body", b"\xff\0" + text.encode()),
    "upload": lambda rows, about, text: _set(rows[_UPLOAD]["request"], "body", f"notes: {text}\n"),
    "long upload": lambda rows, about, text: _set(rows[_UPLOAD]["request"], "body", f"notes: {text}\n" * 400),
    "binary upload": lambda rows, about, text: _set(
        rows[_UPLOAD]["request"], "body", b"\x89PNG\r\n\x1a\n\0\0" + text.encode() + b"\0\xff"
    ),
    "name of an uploaded file": lambda rows, about, text: _uri(
        rows[_UPLOAD], lambda uri: uri.rpartition("/")[0] + "/" + text
    ),
    "download": lambda rows, about, text: _set(rows[_DOWNLOAD]["response"]["body"], "string", text),
    "binary download": lambda rows, about, text: _set(
        rows[_DOWNLOAD]["response"]["body"], "string", b"\x93NUMPY\xff\0" + text.encode() + b"\0\xff"
    ),
    "packed download": lambda rows, about, text: _set(
        rows[_DOWNLOAD]["response"]["body"], "string", planted.PACKINGS["zip"](text)
    ),
    "JSON of an answer": lambda rows, about, text: _answer(rows, text),
    "list of an answer": lambda rows, about, text: _answer(rows, [{"name": text}, text]),
    "key of an answer": lambda rows, about, text: _answer(rows, "note", key=text),
    "JSON in a string of an answer": lambda rows, about, text: _answer(rows, json.dumps({"by": text})),
    "JSON in JSON in JSON of an answer": lambda rows, about, text: _answer(rows, json.dumps([json.dumps([text])])),
    "base64 in an answer": lambda rows, about, text: _answer(
        rows, base64.b64encode(f"told by: {text}".encode()).decode()
    ),
    "text of an answer": lambda rows, about, text: _set(rows[0]["response"]["body"], "string", f"<p>{text}</p>"),
    "long line of an answer": lambda rows, about, text: _set(
        rows[0]["response"]["body"], "string", "é\x07 word " * 1500 + text + " word" * 1200
    ),
    "reason of the status": lambda rows, about, text: _set(rows[0]["response"]["status"], "message", text),
    "code of the status": lambda rows, about, text: _set(rows[0]["response"]["status"], "code", text),
    "list of credentials": lambda rows, about, text: about["credentials"].append(f"Authorization: Bearer {text}"),
    "value of a variable": lambda rows, about, text: _set(about["environment"], "CI_NOTE", text),
    "number of the job": lambda rows, about, text: _set(about["environment"], "CI_JOB_ID", text),
    "name of a variable": lambda rows, about, text: _set(about["environment"], text, "x"),
    "message of the exception": lambda rows, about, text: _set(
        about, "exception", {"type": "mlflow.exceptions.MlflowException", "message": f"API request failed: {text}"}
    ),
    "type of the exception": lambda rows, about, text: _set(about, "exception", {"type": text, "message": "no"}),
    "more of the exception": lambda rows, about, text: _set(about, "exception", {"type": "x", "message": "", text: 1}),
    "version of the server": lambda rows, about, text: _set(about["gitlab"], "version", text),
    "longer version of the server": lambda rows, about, text: _set(about["gitlab"], "version", f"19.3.0-pre {text}"),
    "edition of the server": lambda rows, about, text: _set(about["gitlab"], "edition", text),
    "remark beside the recording": lambda rows, about, text: _set(about, REMARK, text),
    "form": lambda rows, about, text: _set(rows[0]["request"], "body", f"grant=x&note={quote(text, safe='')}&more=x"),
    "part of a form": lambda rows, about, text: _set(
        rows[0]["request"], "body", f'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n{text}\r\n--x--\r\n'
    ),
    "base64 of bytes in a request": lambda rows, about, text: _body(
        rows[1]["request"], "file", base64.b64encode(b"\x93NUMPY\0" + text.encode() + b"\0\xff").decode()
    ),
    **{
        f"field {name}": lambda rows, about, text, name=name: _set(about, name, text)  # type: ignore[misc]
        for name in ("mlflow", "python", "vcrpy", "recorded_at", "stdout", "name", "more")
    },
}
# Where a text is a credential, whatever it looks like.
CREDENTIALS: dict[str, Plant] = {
    **{name: PLACES[name] for name in ("request header, credential", "request header, beside a label")},
    "bearer": lambda rows, about, text: _header(rows[0]["request"], "Authorization", f"Bearer {text}"),
    "basic": lambda rows, about, text: _header(
        rows[0]["request"], "Authorization", f"Basic {base64.b64encode(f'me:{text}'.encode()).decode()}"
    ),
    "token in the query": lambda rows, about, text: _uri(rows[0], lambda uri: f"{uri}&private_token={text}"),
    "OAuth token in the query": lambda rows, about, text: _uri(rows[0], lambda uri: f"{uri}&access_token={text}"),
    "password in the address": PLACES["password in the address"],
    **{
        f"{name} of an answer": lambda rows, about, text, name=name: _answer(rows, text, key=name)  # type: ignore[misc]
        for name in ("token", "access_token", "refresh_token", "ci_job_token", "client_secret", "password", "api_key")
    },
    **{
        f"{name} of a request": lambda rows, about, text, name=name: _body(  # type: ignore[misc]
            rows[1]["request"], name, text
        )
        for name in ("private_token", "access_token", "runners_token", "password")
    },
    "token in a string of an answer": lambda rows, about, text: _answer(rows, json.dumps({"access_token": text})),
    "token in a form": lambda rows, about, text: _set(rows[0]["request"], "body", f"grant=x&refresh_token={text}"),
    "header in the message of the exception": lambda rows, about, text: _set(
        about, "exception", {"type": "x.Y", "message": f"refused: {{'Authorization': 'Bearer {text}'}}"}
    ),
    "address in the message of the exception": lambda rows, about, text: _set(
        about, "exception", {"type": "x.Y", "message": f"404 for https://gitlab.example.com/a?private_token={text}"}
    ),
    **{
        f"variable {name}": lambda rows, about, text, name=name: _set(about["environment"], name, text)  # type: ignore[misc]
        for name in (
            "MLFLOW_TRACKING_TOKEN",
            "MLFLOW_TRACKING_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "CLIENT_SECRET",
            "API_KEY",
        )
    },
}


def survives(plant: Plant, text: str, secret: str, folder: Path, known: Known) -> list[str]:
    """Where a secret shows after an import: in files that were written, and in what the import says."""
    document, about = copy.deepcopy(DOCUMENT), copy.deepcopy(ABOUT)
    plant(document["interactions"], about, text)
    raw = folder / "raw.yaml"
    remark = about.pop(REMARK, "").replace("\n", "\n# ")
    raw.write_text(
        f"# {remark}\n{yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True)}# {remark}\n", "utf-8"
    )
    raw.with_suffix(".json").write_text(json.dumps(about), "utf-8")
    into = folder / "into"
    recording = type(RECORDING)(RECORDING.lane, RECORDING.example_id, raw, RECORDING.program)
    told = ""
    try:
        import_recordings(into, [recording], ADAPTER, known=known)
    except Problems as error:
        assert not [path for path in into.rglob("*") if path.is_file()]
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.found) + str(error)
    forms = planted.forms(secret) | planted.forms(text)
    shown = ["message"] if any(form in told for form in forms) else []
    for path in into.rglob("*"):
        if path.is_file():
            written = path.read_text("utf-8")
            values = json.dumps(yaml.load(written, yaml.CSafeLoader), ensure_ascii=False, default=repr)
            if any(form in written or form in values for form in forms):
                shown.append(path.name)
            path.unlink()
    return shown


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(sorted(PLACES)), kind=st.sampled_from(sorted(planted.ANYWHERE)), data=st.data())
def test_a_secret_survives_nowhere(place: str, kind: str, data: st.DataObject, tmp_path: Path) -> None:
    secret = data.draw(planted.ANYWHERE[kind])
    assert survives(PLACES[place], secret, secret, tmp_path, Known()) == []


@pytest.mark.parametrize("kind", sorted(planted.ANYWHERE))
@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_secret_of_each_kind_survives_at_no_place(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    secret = data.draw(planted.ANYWHERE[kind])
    shown = {place: survives(plant, secret, secret, tmp_path, Known()) for place, plant in PLACES.items()}
    assert {place: where for place, where in shown.items() if where} == {}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(
        ["JSON of a request", "JSON of an answer", "text of an answer", "upload", "message of the exception"]
    ),
    spelling=st.sampled_from(sorted(planted.SPELLINGS)),
    secret=planted.TOKENS | planted.JWTS,
)
def test_nor_does_one_in_another_spelling(place: str, spelling: str, secret: str, tmp_path: Path) -> None:
    assert survives(PLACES[place], planted.SPELLINGS[spelling](secret), secret, tmp_path, Known()) == []


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(sorted(CREDENTIALS)), secret=planted.OAUTH | planted.RANDOM | planted.PASSWORDS)
def test_a_credential_survives_whatever_it_looks_like_nowhere(place: str, secret: str, tmp_path: Path) -> None:
    assert survives(CREDENTIALS[place], secret, secret, tmp_path, Known()) == []


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(sorted(PLACES)), secret=planted.CANARIES)
def test_a_canary_survives_nowhere(place: str, secret: str, tmp_path: Path) -> None:
    assert survives(PLACES[place], secret, secret, tmp_path, Known(canaries=frozenset({secret}))) == []


def test_what_is_planted_would_be_found(tmp_path: Path) -> None:
    """The tests above fail where an import lets something through: here, what is no secret."""
    harmless = {
        name for name, plant in PLACES.items() if survives(plant, "wine-notes", "wine-notes", tmp_path, Known())
    }
    assert {"JSON of an answer", "upload", "query of the address", "value of a variable"} <= harmless
