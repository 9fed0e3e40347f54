"""Asks every address outside that the site leads to, and says which of them need a person."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
from pydantic import Field, TypeAdapter, ValidationError

from verified_docs.census import DOCS
from verified_docs.hypertext import Site
from verified_docs.lane import CONFIG, load_settings
from verified_docs.problem import Problem, read_text, shown
from verified_docs.provenance import Frozen

SETTING = "links_skip"
AGENT = "verified-docs links (a scheduled check of a documentation site)"
TIMEOUT = 20.0
TRIES = 3
_AT_ONCE = 4
_MOST_HOPS = 10
# What a server says that will say something else later, or does not like programs.
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHY = frozenset({401, 403, 405, 406, 418, 451, 999})
_MOVED_FOR_GOOD = frozenset({301, 308})
_MOVED = _MOVED_FOR_GOOD | {302, 303, 307}

Verdict = Literal["fine", "moved", "unsure", "broken", "skipped"]
VERDICTS: tuple[Verdict, ...] = ("broken", "moved", "unsure", "fine", "skipped")


class Skip(Frozen):
    """Addresses that are not asked.

    Attributes:
        url: A pattern, in which `*` stands for anything.
        reason: Why.
    """

    url: str = Field(min_length=1)
    reason: str = Field(min_length=1)


class Place(Frozen):
    """Where a link stands.

    Attributes:
        file: The file, below the project's folder.
        line: Its row.
    """

    file: str
    line: int


class Link(Frozen):
    """One address, and what came of asking it.

    Attributes:
        url: The address, without the place in its page.
        verdict: `fine`; `moved`: it has another one for good; `unsure`: it does not answer programs, or not now;
            `broken`: nothing is there; `skipped`: it was not asked.
        status: The last status of HTTP, where there was one.
        to: Where it has moved to.
        why: What happened, in words.
        fix: What to do.
        places: Where it stands.
    """

    url: str
    verdict: Verdict
    status: int | None = None
    to: str | None = None
    why: str
    fix: str
    places: tuple[Place, ...]


class Report(Frozen):
    """All addresses.

    Attributes:
        version: The version of this format.
        day: The day on which they were asked.
        totals: The number of addresses of each verdict.
        links: The addresses, those that need a person first.
    """

    version: Literal[1] = 1
    day: str
    totals: dict[Verdict, int]
    links: tuple[Link, ...]

    def to_json(self) -> str:
        """The report as a document."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """The report for people: a row for each address that is not fine."""
        counted = ", ".join(f"{self.totals[verdict]} {verdict}" for verdict in VERDICTS)
        parts = [f"# Links to other sites, {self.day}", f"{len(self.links)} addresses: {counted}."]
        rows = ["| Verdict | Status | Address | Stands in | What to do |", "|---|---|---|---|---|"]
        for one in self.links:
            if one.verdict != "fine":
                places = ", ".join(f"{place.file}:{place.line}" for place in one.places)
                cells = [one.verdict, str(one.status or one.why), one.url, places, one.fix]
                rows.append("| " + " | ".join(cell.replace("|", "%7C").replace("\n", " ") for cell in cells) + " |")
        return "\n\n".join([*parts, "\n".join(rows)] if len(rows) > 2 else parts) + "\n"


@dataclass(frozen=True)
class _Answer:
    status: int
    location: str | None = None


_SKIPS: TypeAdapter[list[Skip]] = TypeAdapter(list[Skip])


def load_skips(root: Path) -> list[Skip]:
    """Which addresses are not asked: `links_skip` under `[tool.verified_docs]`.

    Raises:
        Problem: It is malformed.
    """
    try:
        return _SKIPS.validate_python(load_settings(root).get(SETTING, []))
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        what = f"{SETTING} under [tool.verified_docs]: /{place}: {first['msg']}"
        fix = f'write {SETTING} = [{{ url = "https://*.example.com/*", reason = "a placeholder" }}]'
        raise Problem(root / CONFIG, None, what, fix, kind="config") from error


def find_links(root: Path, site: Site) -> dict[str, tuple[Place, ...]]:
    """The addresses outside that the pages lead to, and where each stands.

    Args:
        root: The project's folder.
        site: The built site.

    Returns:
        The places by address, in the source where it is written there, and otherwise in the built page.
    """
    # What pages are made of, and what Python adds to them.
    folders = [root / DOCS, root / "src"]
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if _is_source(path))
    sources = {path: read_text(path).split("\n") for path in files}
    places: dict[str, set[tuple[str, int]]] = {}
    for page, reference in site.external():
        url = urldefrag(reference.url).url
        written_so = re.compile(rf"{re.escape(url)}(?![\w/%?=&~+-])")
        here = places.setdefault(url, set())
        written = [
            (path.relative_to(root).as_posix(), number)
            for path, rows in sources.items()
            for number, row in enumerate(rows, start=1)
            if written_so.search(row)
        ]
        here.update(written or [(shown(page.path), reference.line)])
    return {
        url: tuple(Place(file=file, line=line) for file, line in sorted(found)) for url, found in sorted(places.items())
    }


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix in {".md", ".yaml", ".ipynb", ".py", ".j2"}


def check_links(
    links: dict[str, tuple[Place, ...]],
    skips: Iterable[Skip],
    day: str,
    timeout: float = TIMEOUT,
    wait: Callable[[float], None] = time.sleep,
) -> Report:
    """Asks each address: HEAD first, then GET where that is not liked, and again where a server says "later".

    Args:
        links: Places by address.
        skips: What is not asked.
        day: The day, for the report.
        timeout: Seconds until a connection, and an answer, is given up.
        wait: Waits some seconds between two tries.
    """
    patterns = list(skips)

    def ask(url: str) -> Link:
        skip = next((one for one in patterns if fnmatchcase(url, one.url)), None)
        if skip:
            return Link(url=url, verdict="skipped", why=skip.reason, fix="nothing", places=links[url])
        with requests.Session() as session:
            session.headers["User-Agent"] = AGENT
            # No password of whoever runs this is sent to anybody.
            session.trust_env = True
            session.auth = _no_credentials
            return _judged(url, links[url], _tried(session, url, timeout, wait))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(ask, sorted(links)))
    found.sort(key=lambda one: (VERDICTS.index(one.verdict), one.url))
    totals = {verdict: sum(one.verdict == verdict for one in found) for verdict in VERDICTS}
    return Report(day=day, totals=totals, links=tuple(found))


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _tried(
    session: requests.Session, url: str, timeout: float, wait: Callable[[float], None]
) -> list[_Answer] | requests.RequestException:
    """The answers on the way from an address to the last one, or why there is none."""
    outcome: list[_Answer] | requests.RequestException = []
    for number in range(TRIES):
        if number:
            wait(2.0**number)
        try:
            outcome = _way(session, url, timeout)
        except requests.RequestException as error:
            outcome = error
            if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.InvalidURL)):
                return outcome
            continue
        if outcome[-1].status not in _LATER:
            break
    return outcome


def _way(session: requests.Session, url: str, timeout: float) -> list[_Answer]:
    answers: list[_Answer] = []
    while len(answers) < _MOST_HOPS:
        answer = _asked(session, "HEAD", url, timeout)
        if answer.status not in _MOVED and answer.status >= 400:
            answer = _asked(session, "GET", url, timeout)
        answers.append(answer)
        if answer.status not in _MOVED or not answer.location:
            return answers
        url = answer.location
    raise requests.TooManyRedirects(f"more than {_MOST_HOPS} redirects")


def _asked(session: requests.Session, method: str, url: str, timeout: float) -> _Answer:
    # What an answer says is not read: its status is enough.
    with session.request(method, url, timeout=timeout, allow_redirects=False, stream=True) as response:
        location = response.headers.get("Location")
        return _Answer(response.status_code, urldefrag(urljoin(url, location)).url if location else None)


def _judged(url: str, places: tuple[Place, ...], outcome: list[_Answer] | requests.RequestException) -> Link:
    def link(verdict: Verdict, why: str, fix: str, status: int | None = None, to: str | None = None) -> Link:
        return Link(url=url, verdict=verdict, status=status, to=to, why=why, fix=fix, places=places)

    where = f"{places[0].file}:{places[0].line}"
    if isinstance(outcome, requests.RequestException):
        # A proxy's address may be in the text of an error, and a password in that.
        why = {
            requests.exceptions.SSLError: "its certificate is not accepted",
            requests.exceptions.ProxyError: "the proxy does not lead there",
            requests.exceptions.ConnectTimeout: "it does not answer in time",
            requests.exceptions.ReadTimeout: "it does not answer in time",
            requests.TooManyRedirects: "it is sent round in circles",
        }.get(type(outcome), f"no connection ({type(outcome).__name__})")
        if isinstance(outcome, (requests.exceptions.ProxyError, requests.Timeout)):
            return link("unsure", why, "open it in a browser; if it stays away, take the link out")
        return link("broken", why, f"replace it in {where}, or take it out")
    last = outcome[-1]
    if last.status in _SHY or last.status in _LATER:
        return link("unsure", f"it answers {last.status}", "open it in a browser", last.status)
    if last.status >= 400 or (last.status in _MOVED and not last.location):
        return link("broken", f"it answers {last.status}", f"replace it in {where}, or take it out", last.status)
    for_good = []
    for answer in outcome[:-1]:
        if answer.status not in _MOVED_FOR_GOOD:
            break
        for_good.append(answer.location)
    if for_good and for_good[-1] and urlsplit(for_good[-1])[1:] != urlsplit(url)[1:]:
        return link("moved", "it has moved for good", f"write {for_good[-1]}", outcome[0].status, for_good[-1])
    return link("fine", f"it answers {last.status}", "nothing", last.status)
