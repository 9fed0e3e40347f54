"""Links to other sites are asked on schedule: scripted servers on loopback, whose answers are simulated."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conftest import ROOT, rewrite
from verified_docs.cli import app
from verified_docs.links import AGENT, Link, Place, Report, Skip, check_links, find_links, load_skips
from verified_docs.links_command import load_site
from verified_docs.problem import Problem

DAY = "2026-11-23"
SETTINGS = '[tool.verified_docs]\nlanes = [{ server = "S 1", client = "C 1" }]\n'
HERE = (Place(file="docs/x.md", line=7),)


class Scripted(ThreadingHTTPServer):
    """Answers a path as its script says: statuses one after the other, the last one for ever; None is silence."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts: dict[str, list[int | tuple[int, str] | None]] = {}
        self.heads: dict[str, int] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()

    @property
    def top(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def _answer(self) -> None:
        self.server.asked.append((self.command, self.path))
        self.server.headers.append(dict(self.headers))
        script = self.server.scripts.get(self.path, [404])
        said = script.pop(0) if len(script) > 1 else script[0]
        if self.command == "HEAD" and self.path in self.server.heads:
            said = self.server.heads[self.path]
        if said is None:
            self.server.over.wait(5)
            return
        status, location = said if isinstance(said, tuple) else (said, None)
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = _answer

    def log_message(self, *_: Any) -> None:
        """Says nothing: a test run has its own output."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    threading.Thread(target=scripted.serve_forever, args=(0.01,), daemon=True).start()
    yield scripted
    scripted.over.set()
    scripted.shutdown()
    scripted.server_close()


def check(url: str, skips: tuple[Skip, ...] = (), timeout: float = 5) -> tuple[Link, list[float]]:
    waited: list[float] = []
    report = check_links({url: HERE}, skips, DAY, timeout, waited.append)
    (link,) = report.links
    assert report.totals == Counter({**dict.fromkeys(report.totals, 0), link.verdict: 1})
    return link, waited


@pytest.mark.parametrize(
    ("script", "verdict", "why", "methods"),
    [
        ([200], "fine", "it answers 200", "HEAD"),
        ([204], "fine", "it answers 204", "HEAD"),
        ([404], "broken", "it answers 404", "HEAD GET"),
        ([410], "broken", "it answers 410", "HEAD GET"),
        ([403], "unsure", "it answers 403", "HEAD GET"),
        ([503], "unsure", "it answers 503", "HEAD GET HEAD GET HEAD GET"),
        ([503, 503, 200], "fine", "it answers 200", "HEAD GET HEAD"),
        ([429, 429, 404, 404], "broken", "it answers 404", "HEAD GET HEAD GET"),
        ([301], "broken", "it answers 301", "HEAD"),
    ],
)
def test_what_a_status_means(
    script: list[int | tuple[int, str] | None], verdict: str, why: str, methods: str, server: Scripted
) -> None:
    server.scripts["/x"] = script
    link, waited = check(f"{server.top}/x")
    assert (link.verdict, link.why) == (verdict, why)
    assert [method for method, _ in server.asked] == methods.split()
    # Each try waits longer than the one before.
    assert waited == [2.0, 4.0][: methods.split().count("HEAD") - 1]
    assert {one["User-Agent"] for one in server.headers} == {AGENT}
    assert not any("Authorization" in one for one in server.headers)


def test_a_server_that_does_not_like_head(server: Scripted) -> None:
    server.scripts["/x"] = [200]
    for status in (405, 404, 501):
        server.heads["/x"] = status
        assert check(f"{server.top}/x")[0].verdict == "fine"


@pytest.mark.parametrize(
    ("first", "to", "then", "verdict"),
    [
        (301, "/new", 200, "moved"),
        (308, "/new", 200, "moved"),
        (302, "/new", 200, "fine"),
        (307, "/new", 200, "fine"),
        (301, "/new", 404, "broken"),
        (301, "/new", 503, "unsure"),
    ],
)
def test_an_address_that_leads_on(first: int, to: str, then: int, verdict: str, server: Scripted) -> None:
    server.scripts = {"/x": [(first, to)], to: [then]}
    link, _ = check(f"{server.top}/x")
    assert link.verdict == verdict
    if verdict == "moved":
        assert (link.status, link.to, link.fix) == (first, f"{server.top}/new", f"write {server.top}/new")


def test_only_what_is_for_good_is_written(server: Scripted) -> None:
    server.scripts = {"/x": [(301, "/y")], "/y": [(302, "/login")], "/login": [200]}
    assert check(f"{server.top}/x")[0].to == f"{server.top}/y"


def test_an_address_that_leads_in_circles(server: Scripted) -> None:
    server.scripts = {"/x": [(302, "/y")], "/y": [(302, "/x")]}
    link, _ = check(f"{server.top}/x")
    assert (link.verdict, link.why) == ("broken", "it is sent round in circles")


def test_a_server_that_is_silent(server: Scripted) -> None:
    server.scripts["/x"] = [None]
    link, waited = check(f"{server.top}/x", timeout=0.1)
    assert (link.verdict, link.why, waited) == ("unsure", "it does not answer in time", [2.0, 4.0])


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    link, waited = check(f"http://127.0.0.1:{port}/x")
    assert (link.verdict, waited) == ("broken", [2.0, 4.0])
    assert link.fix == "replace it in docs/x.md:7, or take it out"


def test_a_server_that_speaks_no_tls(server: Scripted) -> None:
    link, waited = check(f"https://127.0.0.1:{server.server_port}/x")
    assert (link.verdict, link.why, waited) == ("broken", "its certificate is not accepted", [])


def test_a_proxy_that_leads_nowhere_and_has_a_password(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    who = "reader:hush-hush"
    monkeypatch.setenv("http_proxy", "http:" + "//" + who + "@127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    link, _ = check(f"http://192.0.2.1:{server.server_port}/x")
    assert (link.verdict, link.why) == ("unsure", "the proxy does not lead there")
    assert "hush" not in link.model_dump_json()


def test_what_is_skipped_is_not_asked(server: Scripted) -> None:
    link, _ = check(f"{server.top}/x", (Skip(url=f"{server.top}/*", reason="a placeholder"),))
    assert (link.verdict, link.why, server.asked) == ("skipped", "a placeholder", [])


def test_a_netrc_of_whoever_runs_it_is_not_used(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(tmp_path / "netrc", "machine 127.0.0.1 login reader password hush-hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.scripts["/x"] = [200]
    check(f"{server.top}/x")
    assert not any("Authorization" in one for one in server.headers)


# --- Where links stand, and the command ------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, server: Scripted) -> Path:
    server.scripts = {"/fine": [200], "/old": [(301, "/fine")]}
    rewrite(
        tmp_path / "pyproject.toml", f'{SETTINGS}links_skip = [{{ url = "https://*.example.com/*", reason = "x" }}]\n'
    )
    rewrite(tmp_path / "mkdocs.yml", "site_url: https://docs.example.com/\n")
    rewrite(
        tmp_path / "docs/a.md", f"# a\n[x]({server.top}/fine) {server.top}/fineness\n\n[y]({server.top}/gone#part)\n"
    )
    links = "".join(
        f'<a href="{url}">x</a>\n'
        for url in (f"{server.top}/fine", f"{server.top}/gone#part", f"{server.top}/old", "https://a.example.com/")
    )
    rewrite(
        tmp_path / "site/index.html", f'{links}<a href="https://docs.example.com/">x</a><a href="mailto:x@y.z">x</a>'
    )
    return tmp_path


def test_a_link_is_where_it_is_written(small: Path, server: Scripted) -> None:
    found = find_links(small, load_site(small, Path("site")))
    assert list(found) == [*(f"{server.top}/{name}" for name in ("fine", "gone", "old")), "https://a.example.com/"]
    assert found[f"{server.top}/fine"] == (Place(file="docs/a.md", line=2),)
    assert found[f"{server.top}/gone"] == (Place(file="docs/a.md", line=4),)
    # Nothing in the source has it: it is made.
    (made,) = found[f"{server.top}/old"]
    assert (made.file.endswith("site/index.html"), made.line) == (True, 3)


def test_the_command_reports(small: Path, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    options = ["--root", str(small), "--today", DAY, "--json", str(small / "r.json"), "--markdown", str(small / "r.md")]
    done = CliRunner().invoke(app, ["links", *options])
    assert done.exit_code == 1
    assert f"broken docs/a.md:4: {server.top}/gone: it answers 404\n    fix: replace it in docs/a.md:4" in done.output
    assert "4 addresses: 1 broken, 1 moved, 0 unsure, 1 fine, 1 skipped" in done.output
    report = Report.model_validate_json((small / "r.json").read_text("utf-8"))
    assert [one.verdict for one in report.links] == ["broken", "moved", "fine", "skipped"]
    assert (report.day, report.links[1].to) == (DAY, f"{server.top}/fine")
    text = (small / "r.md").read_text("utf-8")
    assert f"| broken | 404 | {server.top}/gone | docs/a.md:4 | replace it in docs/a.md:4, or take it out |" in text
    assert f"{server.top}/fine |" not in text.split("| moved")[0]
    server.scripts |= {"/gone": [200], "/old": [200]}
    assert CliRunner().invoke(app, ["links", *options]).exit_code == 0


def test_the_command_lists_and_asks_nobody(small: Path, server: Scripted) -> None:
    done = CliRunner().invoke(app, ["links", "--list", "--root", str(small)])
    assert (done.exit_code, server.asked) == (0, [])
    assert f"{server.top}/fine  docs/a.md:2\n" in done.output


@pytest.mark.parametrize("value", ["7", '["x"]', '[{ url = "x" }]', '[{ url = "", reason = "y" }]'])
def test_a_list_of_what_is_skipped_that_is_none(value: str, small: Path) -> None:
    rewrite(small / "pyproject.toml", f"{SETTINGS}links_skip = {value}\n")
    with pytest.raises(Problem, match="links_skip under") as caught:
        load_skips(small)
    assert 'reason = "a placeholder"' in caught.value.fix


# --- This project ----------------------------------------------------------------------------------------------------


def test_every_link_that_leaves_the_site_is_for_people_and_has_tls(site: Path) -> None:
    found = find_links(ROOT, load_site(ROOT, site))
    assert len(found) > 5
    assert [one for one in found if not one.startswith("https://")] == []
    assert [one for one in load_skips(ROOT) if not one.reason] == []


def test_only_the_schedule_asks_other_sites() -> None:
    jobs = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))
    assert jobs["links"]["script"] == ["make links"]
    assert jobs["links"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    assert jobs["links"]["allow_failure"] is True
    assert jobs["links"]["artifacts"]["when"] == "always"
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for path in jobs["links"]["artifacts"]["paths"]:
        assert path in makefile
    others = [name for name, job in jobs.items() if name != "links" and "make links" in json.dumps(job)]
    assert others == []
