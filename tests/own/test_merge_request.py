"""The comment of a job on its merge request, against a server on loopback that keeps notes."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner

from verified_docs.cli import app
from verified_docs.evidence_diff import MARK
from verified_docs.gitlab_merge_request import TOKEN, Job, fetch_artifact, say
from verified_docs.problem import Problem

NOTES = "/api/v4/projects/42/merge_requests/7/notes"
ARTIFACTS = "/api/v4/projects/42/jobs/artifacts/main/raw/"
CHANGED = f"{MARK} x -->\n## Evidence: 1 verdict changed\n"
UNCHANGED = f"{MARK} x unchanged -->\n## Evidence: nothing changed\n"
ME, ANOTHER = 5, 6


class Notes:
    """A merge request with its notes; a page has two of them.

    Attributes:
        rows: The notes.
        said: Method and path of every request.
        refuse: The status that answers everything, or 0.
        files: What jobs of the branch have kept: `JOB PATH` to content.
    """

    def __init__(self) -> None:
        self.token = f"glpat-{secrets.token_hex(10)}"
        self.rows: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.refuse = 0
        self.files = {"verify build/evidence/x.json": b"{}"}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def job(self) -> Job:
        return Job(self.url, "42", self.token, "7", "main")

    def add(self, body: str, author: int = ME) -> None:
        self.rows.append({"id": len(self.rows) + 1, "body": body, "author": {"id": author}, "system": False})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(notes: Self) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Says nothing."""

            def _answer(self, status: int, document: Any, **headers: str) -> None:
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                kind = "application/octet-stream" if isinstance(document, bytes) else "application/json"
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _handle(self) -> None:
                path, _, query = self.path.partition("?")
                notes.said.append(f"{self.command} {path}")
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                if notes.refuse or self.headers["PRIVATE-TOKEN"] != notes.token:
                    self._answer(notes.refuse or 401, {"message": "401 Unauthorized"})
                elif path == "/api/v4/user":
                    self._answer(200, {"id": ME})
                elif (kept := f"{query.partition('job=')[2]} {path.removeprefix(ARTIFACTS)}") in notes.files:
                    self._answer(200, notes.files[kept])
                elif path == NOTES and self.command == "GET":
                    page = int((re.findall(r"\bpage=(\d+)", query) or ["1"])[0])
                    more = {"Link": f'<{notes.url}{NOTES}?page={page + 1}>; rel="next"'}
                    self._answer(200, notes.rows[2 * page - 2 : 2 * page], **more if notes.rows[2 * page :] else {})
                elif path == NOTES:
                    notes.add(body["body"])
                    self._answer(201, notes.rows[-1])
                elif path.startswith(f"{NOTES}/") and self.command == "PUT":
                    row = notes.rows[int(path.rpartition("/")[2]) - 1]
                    row["body"] = body["body"]
                    self._answer(200, row)
                else:
                    self._answer(404, {"message": "404 Not Found"})

            do_GET = do_POST = do_PUT = _handle

        return Handler


@pytest.fixture
def notes() -> Iterator[Notes]:
    with Notes() as server:
        yield server


def bodies(notes: Notes) -> list[str]:
    return [row["body"] for row in notes.rows]


def test_the_first_comment_is_posted_and_later_ones_take_its_place(notes: Notes) -> None:
    for body in ("one", "two", "three"):
        notes.add(body, ANOTHER)
    assert say(notes.job, CHANGED) == "posted"
    later = CHANGED.replace("1 verdict", "2 verdicts")
    assert say(notes.job, later) == "updated"
    assert say(notes.job, later) == "left as it was"
    assert say(notes.job, UNCHANGED) == "updated"
    assert say(notes.job, CHANGED) == "updated"
    assert bodies(notes) == ["one", "two", "three", CHANGED]


def test_that_nothing_changed_is_never_the_first_comment(notes: Notes) -> None:
    assert say(notes.job, UNCHANGED) == "nothing to post"
    assert notes.rows == []


def test_comments_of_others_and_about_others_stay(notes: Notes) -> None:
    notes.add(CHANGED, ANOTHER)
    notes.add(CHANGED.replace(" x ", " y "))
    notes.add(f"I have seen {MARK} x -->")
    before = bodies(notes)
    assert say(notes.job, CHANGED) == "posted"
    assert bodies(notes) == [*before, CHANGED]


def test_what_has_no_mark_is_not_posted(notes: Notes) -> None:
    with pytest.raises(Problem, match="no mark"):
        say(notes.job, "## Evidence\n")
    assert notes.said == []


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusal_is_told_without_the_token(status: int, notes: Notes) -> None:
    notes.refuse = status
    with pytest.raises(Problem, match=f"GitLab says {status}") as caught:
        say(notes.job, CHANGED)
    assert notes.token not in str(caught.value)
    assert "fix: " in str(caught.value)
    assert notes.token not in repr(notes.job)


def test_nobody_answers() -> None:
    job = Job("http://127.0.0.1:9", "42", "made-up", "7", "main")
    with pytest.raises(Problem, match="does not answer"):
        say(job, CHANGED)
    with pytest.raises(Problem, match="does not answer"):
        fetch_artifact(job, "verify", "build/evidence/x.json")


def test_an_artifact_of_the_target_branch(notes: Notes) -> None:
    assert fetch_artifact(notes.job, "verify", "build/evidence/x.json") == b"{}"
    assert fetch_artifact(notes.job, "another", "build/evidence/x.json") is None
    notes.files.clear()
    assert fetch_artifact(notes.job, "verify", "build/evidence/x.json") is None
    notes.refuse = 403
    with pytest.raises(Problem, match="cannot be read: GitLab says 403"):
        fetch_artifact(notes.job, "verify", "build/evidence/x.json")


# --- The commands ----------------------------------------------------------------------------------------------------


def variables(notes: Notes) -> dict[str, str | None]:
    return {
        TOKEN: notes.token,
        "CI_SERVER_URL": notes.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


def told(notes: Notes, *command: str, **more: str | None) -> tuple[int, str]:
    done = CliRunner(env=variables(notes) | more).invoke(app, command)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert notes.token not in done.output
    return done.exit_code, " ".join(done.output.split())


def test_comment(notes: Notes, tmp_path: Path) -> None:
    file = tmp_path / "evidence.md"
    code, said = told(notes, "comment", str(file))
    assert (code, "fix: verified-docs compare OLD NEW" in said) == (1, True), said
    file.write_text(CHANGED, "utf-8")
    assert told(notes, "comment", str(file)) == (0, "posted")
    assert bodies(notes) == [CHANGED]
    code, said = told(notes, "comment", str(file), CI_MERGE_REQUEST_IID=None)
    assert (code, "no job of a merge request" in said) == (2, True), said


def test_baseline(notes: Notes, tmp_path: Path) -> None:
    file = tmp_path / "before/x.json"
    options = ("baseline", str(file), "--path", "build/evidence/x.json", "--job")
    code, said = told(notes, *options, "other")
    assert (code, file.exists(), "main has no build/evidence/x.json of the job other yet" in said) == (0, False, True)
    code, said = told(notes, *options, "verify")
    assert (code, file.read_text("utf-8")) == (0, "{}"), said


@pytest.mark.parametrize("command", [("comment", "{}"), ("baseline", "{}", "--path", "a", "--job", "b")])
def test_without_a_token_nothing_is_asked(command: tuple[str, ...], notes: Notes, tmp_path: Path) -> None:
    file = tmp_path / "evidence.md"
    file.write_text(CHANGED, "utf-8")
    words = [word.replace("{}", str(file)) for word in command]
    code, said = told(notes, *words, **{TOKEN: None})
    assert (code, "VERIFIED_DOCS_TOKEN is empty" in said, notes.said) == (0, True, [])
