"""Writes each recorded request as a command, reads and runs them again, and looks at what a card says of them."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import ADAPTER, LANES, ROOT, Edit, rewrite
from handbook.pages import wire_names
from verified_docs.cassette import Echo, Fingerprint, Interaction, cassette_path, load_cassette, query_of
from verified_docs.curl import commands, kind_of_credential
from verified_docs.evidence import Evidence
from verified_docs.example import Example, load_example, load_examples
from verified_docs.leaks import find_leaks
from verified_docs.wire import FILE, MOST_REQUESTS, MOST_SIGNS, TOKEN, Names, Wire, curl

NAMES = wire_names()
EXAMPLES = {one.id: one for one in load_examples(ROOT)}
NEWEST = LANES[-1]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
NEXT_ROW = " \\\n  "


def recorded() -> Iterator[tuple[Example, Interaction]]:
    """Every request of the newest lane in which its example was recorded."""
    for example in EXAMPLES.values():
        paths = [path for lane in LANES[::-1] if (path := cassette_path(ROOT, lane, example.id)).is_file()]
        if paths:
            yield from ((example, one) for one in load_cassette(paths[0]).interactions)


def plain(one: Interaction, value: str) -> str:
    """What an option of the command gives, with the recorded addresses in place of the variables."""
    for name, address in ADAPTER.addresses.items():
        value = re.sub(rf"\${name}\b", address, value)
    return value


def test_each_command_reads_back_as_the_request_that_was_recorded() -> None:
    seen = 0
    for example, one in recorded():
        command = curl(one, NAMES, example)
        (read,) = commands(command, ADAPTER.credential_headers, ADAPTER.addresses)
        sent = [kind_of_credential(*pair) for pair in one.headers.items() if pair[0].lower() != "content-type"]
        assert (read.method, read.path, list(read.query)) == (one.method, one.path, one.query), command
        assert read.credential == (sent[0] if sent else ""), command
        words = shlex.split(command.replace(NEXT_ROW, " "))
        after = {name: words[place + 1] for place, name in enumerate(words[:-1]) if name.startswith("--")}
        if isinstance(one.body, str) and one.body:
            assert after["--data-raw"] == one.body
        elif isinstance(one.body, Fingerprint):
            assert after.get("--upload-file") == f"${FILE}" or after["--data-binary"] == f"@${FILE}"
        else:
            assert not {"--data-raw", "--data-binary", "--upload-file"} & after.keys()
        assert plain(one, words[-1]) == one.uri
        kind = one.headers.get("Content-Type")
        assert (f"Content-Type: {kind}" in words) is (kind is not None)
        seen += 1
    assert seen > 1000


def test_no_command_has_a_credential_in_it() -> None:
    for example, one in recorded():
        command = curl(one, NAMES, example)
        for name, value in one.headers.items():
            if name.lower() in ADAPTER.credential_headers:
                assert value not in command
                assert value.strip("<>").rpartition("<")[2] not in command
        assert not list(find_leaks(command))
        # Whatever is no label is not shown, even where somebody put it into a recording.
        odd = replace(one, headers={"PRIVATE-TOKEN": f"{one.method}-of-acme"})
        assert "of-acme" not in curl(odd, NAMES, example)
        assert f"${TOKEN}" in curl(odd, NAMES, example)


def test_variables_are_those_of_the_template_and_of_the_example() -> None:
    given_names = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.template").read_text("utf-8"), re.M))
    for example, one in recorded():
        used = set(re.findall(r'(?<=\$)[A-Z_]+(?=["/:]|$)', curl(one, NAMES, example), re.M))
        own = {*example.metadata.tokens, FILE, TOKEN}
        assert used <= given_names | own, example.id
        # A job has its own address, and not that of `.env`.
        assert not ("CI_JOB_TOKEN" in used and "GITLAB_URL" in used)


@given(TEXT, st.text("abc/?&=%[]{}$`\"'\\!~ ", max_size=30))
def test_whatever_was_sent_comes_out_of_the_shell_as_it_was(body: str, rest: str) -> None:
    one = Interaction("POST", f"https://a.example/{rest}", {}, body, 200, "OK", {}, "")
    command = curl(one, Names(places=lambda example: {"$A": "https://a.example"}), EXAMPLES["tracking/log_first_run"])
    assume(NEXT_ROW not in body)
    words = shlex.split(command.replace(NEXT_ROW, " "))
    assert body in words
    assert words[-1] == f"$A/{rest}"
    assert ("--globoff" in words) is bool(set(rest) & set("[]{}"))


def test_a_method_without_a_body_and_files() -> None:
    example = EXAMPLES["tracking/log_first_run"]
    head = Interaction("HEAD", "https://gitlab.example.com/x", {}, None, 200, "OK", {}, "")
    assert "--head" in curl(head, NAMES, example)
    delete = replace(head, method="DELETE")
    assert "--request DELETE" in curl(delete, NAMES, example)
    upload = replace(head, method="PUT", body=Fingerprint.of(b"x", True))
    assert f'--upload-file "${FILE}"' in curl(upload, NAMES, example)
    assert "--request" not in curl(upload, NAMES, example)
    post = replace(upload, method="POST")
    assert "--request POST" in curl(post, NAMES, example)
    assert "--header 'Content-Type:'" in curl(post, NAMES, example)


# --- As curl sends it ------------------------------------------------------------------------------------------------


class _Notes(BaseHTTPRequestHandler):
    """Writes down what came, and says nothing; simulated, as only the request is of interest."""

    def _note(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        notes: list[Any] = self.server.notes  # type: ignore[attr-defined]
        notes.append((self.command, self.path, dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _note

    def log_message(self, *_: Any) -> None:
        """Says nothing: a test run has its own output."""


def shape(one: Interaction) -> tuple[object, ...]:
    """What makes a command another one: no two of these are written alike."""
    text = one.body if isinstance(one.body, str) else ""
    signs = tuple(sign in text for sign in "'\n$`\\@")
    credential = [value.split("<")[0] for name, value in one.headers.items() if name != "Content-Type"]
    kind = one.headers.get("Content-Type")
    other = (not text.isascii(), bool(set(one.uri) & set("[]{}")), "%" in one.uri, bool(one.query))
    return one.method, type(one.body), kind, signs, tuple(credential), other


def test_curl_sends_what_was_recorded(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("needs curl and bash")
    chosen = list({shape(one): (example, one) for example, one in recorded()}.values())
    assert len(chosen) > 30
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Notes)
    server.notes = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "file").write_bytes(b"\x00bytes\n")
    places = {name: value.replace("https://gitlab.example.com", address) for name, value in ADAPTER.addresses.items()}
    tokens = {name: f"value-of-{name}" for one in EXAMPLES.values() for name in ADAPTER.environment(one)}
    environment = {"PATH": os.environ["PATH"], **tokens, TOKEN: "other", **places, FILE: str(tmp_path / "file")}
    script = "\n".join(curl(one, NAMES, example).replace("curl ", "curl -q -s ", 1) for example, one in chosen)
    ended = subprocess.run(["bash", "-eu"], input=script.encode(), env=environment, capture_output=True, check=False)
    server.shutdown()
    server.server_close()
    assert (ended.returncode, ended.stderr) == (0, b"")
    for (_, one), (method, path, headers, body) in zip(chosen, server.notes, strict=True):  # type: ignore[attr-defined]
        recorded_at = urlsplit(one.uri)
        assert (method, path) == (one.method, one.uri.removeprefix(f"https://{recorded_at.netloc}"))
        assert query_of(path) == one.query
        if isinstance(one.body, Fingerprint):
            assert body == b"\x00bytes\n"
        else:
            assert body == (one.body or "").encode()
        assert headers.get("Content-Type") == one.headers.get("Content-Type")
        for name, value in one.headers.items():
            if name.lower() in ADAPTER.credential_headers and not value.startswith("Basic"):
                scheme, _, token = headers[name].rpartition(" ")
                assert scheme == value.rpartition("<")[0].strip()
                assert token.startswith("value-of-") or token == "other"


# --- The panel -------------------------------------------------------------------------------------------------------


def panel(evidence: Evidence, example_id: str, root: Path = ROOT, part: bool = False) -> str:
    return Wire(root, evidence, NAMES).panel(EXAMPLES[example_id], "here", "../", part)


def rows(text: str) -> list[str]:
    return re.findall(r'<li><details class="wire__request">.*?</details></li>', text)


def blocks(row: str, tag: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(rf"<{tag}>(.*?)</{tag}>", row)]


def test_the_panel_has_each_request_as_it_was_recorded(evidence: Evidence) -> None:
    for name in EXAMPLES:
        newest = list(Wire(ROOT, evidence).recorded(name).values())[-1]
        shown = rows(panel(evidence, name))
        assert len(shown) == min(len(newest.interactions), MOST_REQUESTS), name
        for row, one in zip(shown, newest.interactions, strict=False):
            assert f"<b>{one.method}</b>" in row
            assert html.escape(urlsplit(one.uri).path, quote=False) in row
            assert f"{one.status}</span></summary>" in row
            assert blocks(row, "kbd") == [curl(one, NAMES, EXAMPLES[name])]
            texts = [one.body] if isinstance(one.body, str) and one.body else []
            texts += [one.answer] if isinstance(one.answer, str) and one.answer else []
            found = blocks(row, "samp")
            assert len(found) == len(texts)
            for written, text in zip(found, texts, strict=True):
                if len(written) < MOST_SIGNS and text.startswith(("{", "[")):
                    assert json.loads(written) == json.loads(text)
                elif len(written) < MOST_SIGNS:
                    assert written == text
            if isinstance(one.answer, Echo):
                assert f"the file that request {one.answer.index + 1} stored" in row


def test_a_panel_is_closed_and_says_of_which_lanes_it_is(evidence: Evidence) -> None:
    text = panel(evidence, "tracking/check_connection")
    assert " open" not in re.sub(r"<kbd>.*?</kbd>|<samp>.*?</samp>", "", text)
    assert f'id="here" data-lane="{" ".join(lane.id for lane in LANES)}"' in text
    assert "<summary>4 requests</summary>" in text
    assert "<summary>4 requests of the whole script</summary>" in panel(
        evidence, "tracking/check_connection", part=True
    )
    assert f"Recorded with {NEWEST.server} and {NEWEST.client}" in text


def lane_with(tmp_path: Path, evidence: Evidence, name: str, *changes: tuple[str, str]) -> tuple[Path, Evidence]:
    """A copy of an example's recordings, in which that of the oldest lane is another."""
    for lane in LANES:
        path = cassette_path(ROOT, lane, name)
        rewrite(tmp_path / path.relative_to(ROOT), path.read_text("utf-8"))
    path = tmp_path / cassette_path(ROOT, LANES[0], name).relative_to(ROOT)
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    rewrite(path, text)
    return tmp_path, evidence


def difference(tmp_path: Path, evidence: Evidence, *changes: tuple[str, str]) -> list[str]:
    root, changed = lane_with(tmp_path, evidence, "tracking/check_connection", *changes)
    text = panel(changed, "tracking/check_connection", root)
    part = next(part for part in text.split('<div class="wire__lanes"')[1:] if f'data-lane="{LANES[0].id}"' in part)
    assert f"[The cassette](../cassettes/{LANES[0].id}/tracking/check_connection.yaml)" in part
    return re.findall(r"^- (.*)$", part, re.M)


DELETE = "/api/v4/projects/42/ml/mlflow/api/2.0/mlflow/experiments/delete"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('body: \'{"name": "connection-check"}\'', 'body: \'{"name": "x"}\''), ["request 1 has another body"]),
        (("get?experiment_id=1", "get?experiment_id=9"), ["request 2 has another query"]),
        (("      code: 404", "      code: 400"), ["request 4 is answered with 400, not 404"]),
        (
            ("experiments/delete", "experiments/forget"),
            [
                f"not sent: request 3, `POST {DELETE}`",
                f"sent as well: `POST {DELETE.replace('delete', 'forget')}`, answered with 200",
            ],
        ),
    ],
)
def test_what_another_lane_did_differently(
    change: tuple[str, str], said: list[str], evidence: Evidence, tmp_path: Path
) -> None:
    assert difference(tmp_path, evidence, change) == said


def test_the_order_of_reads_says_nothing_and_that_of_writes_does(evidence: Evidence) -> None:
    wire = Wire(ROOT, evidence, NAMES)
    sent = list(wire.recorded("tracking/check_connection")[NEWEST.id].interactions)
    create, get, delete, by_name = sent
    assert wire._compared(sent, [create, get, by_name, delete]) == []
    assert wire._compared(sent, [get, delete, by_name, create]) == ["request 1 comes at another place"]
    assert wire._compared(sent, sent) == []


def test_nothing_in_a_recording_becomes_html_or_markdown(evidence: Evidence, tmp_path: Path) -> None:
    evil = "</samp></kbd></details><script>alert(1)</script>\\n\\n```\\n# x"
    root = tmp_path
    for lane in LANES:
        path = cassette_path(ROOT, lane, "tracking/check_connection")
        text = path.read_text("utf-8").replace('"connection-check"', f'"{evil}"')
        rewrite(root / path.relative_to(ROOT), text)
    text = panel(evidence, "tracking/check_connection", root)
    assert "<script" not in text
    (listed,) = re.findall(r"^<ol .*$", text, re.M)
    assert listed.endswith("</ol>")
    assert listed.count("<details") == listed.count("</details>") == 4


def test_a_long_conversation_is_cut_and_says_so(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verified_docs.wire.MOST_REQUESTS", 3)
    monkeypatch.setattr("verified_docs.wire.MOST_SIGNS", 10)
    text = panel(evidence, "tracking/check_connection")
    assert len(rows(text)) == 3
    cassette = f"../cassettes/{NEWEST.id}/tracking/check_connection.yaml"
    assert f"the first 3 of 4: [the cassette]({cassette}) has all" in text
    assert all(re.search(r"\n… \d+ signs more$", one) or len(one) <= 10 for one in blocks(text, "samp"))
    assert "signs more" in text


def test_without_a_recording_there_is_no_panel(evidence: Evidence, edited: Edit) -> None:
    name = "tracking/check_connection"
    proof = evidence.examples[name]
    none = {
        lane: one.model_copy(update={"cassette": None, "verdict": "not_recorded"})
        for lane, one in proof.results.items()
    }
    empty = evidence.model_copy(update={"examples": {name: proof.model_copy(update={"results": none})}})
    assert Wire(ROOT, empty, NAMES).panel(load_example(edited(name).path, ROOT), "x", "", False) == ""
    assert Wire(ROOT, empty, NAMES).requests(name) == 0
