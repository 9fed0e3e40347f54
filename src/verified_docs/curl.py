"""Holds each `curl` that a page shows to the recorded requests: one that nobody ever sent is not shown."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote

from verified_docs.cassette import Interaction

# Of what curl takes, all that decides what is sent; another option is refused rather than guessed at.
_METHOD = frozenset({"-X", "--request"})
_HEADER = frozenset({"-H", "--header"})
_DATA = frozenset({"-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"})
_FORM = frozenset({"-F", "--form", "--form-string"})
_USER = frozenset({"-u", "--user"})
_UPLOAD = frozenset({"-T", "--upload-file"})
_URL = "--url"
_QUIET = frozenset(
    {"-o", "--output", "-w", "--write-out", "-m", "--max-time", "--retry", "--cacert", "--connect-timeout"}
)
_FLAGS = frozenset(
    {
        *(
            "-s",
            "--silent",
            "-S",
            "--show-error",
            "-f",
            "--fail",
            "--fail-with-body",
            "-v",
            "--verbose",
            "-i",
            "--include",
        ),
        *(
            "-L",
            "--location",
            "-O",
            "--remote-name",
            "-J",
            "--remote-header-name",
            "-g",
            "--globoff",
            "-#",
            "--progress-bar",
        ),
        *("-G", "--get", "-I", "--head", "--compressed"),
    }
)
_WITH_VALUE = _METHOD | _HEADER | _DATA | _FORM | _USER | _UPLOAD | _QUIET | {_URL, "--oauth2-bearer"}
_ENDS = frozenset({"|", "||", "&", "&&", ";", ";;", "(", ")", "<", ">", ">>", "|&", "\n"})
# What may stand before a command in its row.
_BEFORE = frozenset({"do", "then", "else", "elif", "if", "while", "until", "!", "{", "time"})
_VARIABLE = re.compile(r"\$\{?\w+\}?|\$\([^)]*\)|<[A-Za-z][\w -]*>")
_INSIDE = re.compile(r"\$\((?P<command>\s*curl\s[^()]*(?:\([^()]*\)[^()]*)*)\)")
# What a server makes up: another id is the same request.
_ID = re.compile(r"^(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$")
_HOST = re.compile(r"^(?:[a-z]+://)?[^/]*")
# A path in place of an id.
_ENCODED = re.compile(r"%2f", re.I)


class NotUnderstood(Exception):
    """A `curl` command has something that decides what is sent, and is not known here."""


@dataclass(frozen=True)
class Command:
    """A request as a `curl` command sends it.

    Attributes:
        line: Its row in the script, counted from 1.
        method: The HTTP method.
        path: The path as it is written, with the variables whose value is not known.
        open: Whether a variable stands before the path, so that its beginning is not known.
        query: Name and value of each parameter, sorted.
        credential: The header with the credential, and its scheme: `authorization bearer`, `private-token`, or nothing.
    """

    line: int
    method: str
    path: str
    open: bool
    query: tuple[tuple[str, str], ...]
    credential: str

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return _told(self.method, self.path, query, self.credential)


def _told(method: str, path: str, query: str, credential: str) -> str:
    return f"{method} {path}{f'?{query}' if query else ''} with {credential or 'no credential'}"


def commands(
    script: str, credential_headers: Iterable[str], variables: Mapping[str, str] = MappingProxyType({})
) -> list[Command]:
    """Every `curl` in a shell script, also in `$(…)` and behind a pipe.

    Args:
        script: The script.
        credential_headers: Headers that carry a credential, in lower case.
        variables: The variables whose value is known.

    Raises:
        NotUnderstood: One has an option that is not known here, or no address.
    """
    known = frozenset(credential_headers)
    for name, value in variables.items():
        script = re.sub(rf"\$\{{{name}\}}|\${name}\b", lambda _, value=value: value, script)  # type: ignore[misc]
    return [_parsed(line, words, known) for line, words in _curls(script)]


def _curls(script: str) -> Iterator[tuple[int, list[str]]]:
    joined = re.sub(r"\\\n", "\x00 ", script)
    for inner in _INSIDE.finditer(joined):
        yield from _in_line(_row(joined, inner.start()), inner["command"])
    start = 0
    for end in _ends_of_commands(joined):
        yield from _in_line(
            _row(joined, start + len(joined[start:end]) - len(joined[start:end].lstrip())), joined[start:end]
        )
        start = end


def _row(joined: str, at: int) -> int:
    return 1 + joined.count("\n", 0, at) + joined.count("\x00", 0, at)


def _ends_of_commands(text: str) -> Iterator[int]:
    """Where rows end that end no quote."""
    quote = ""
    comment = False
    for at, sign in enumerate(text):
        if sign == "\n" and not quote:
            comment = False
            yield at + 1
        elif comment:
            continue
        elif sign == "#" and not quote and (at == 0 or text[at - 1] in " \t\n;"):
            comment = True
        elif quote:
            quote = "" if sign == quote and not (quote == '"' and text[at - 1] == "\\") else quote
        elif sign in "\"'" and text[at - 1 : at] != "\\":
            quote = sign
    yield len(text)


def _in_line(line: int, text: str) -> Iterator[tuple[int, list[str]]]:
    lexer = shlex.shlex(text.replace("\x00", ""), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        # Bash says so of every script before.
        return
    command: list[str] = []
    for word in [*words, "\n"]:
        if word in _ENDS:
            while command and (command[0] in _BEFORE or re.fullmatch(r"\w+=.*", command[0])):
                command.pop(0)
            if command[:1] == ["curl"]:
                yield line, command[1:]
            command = []
        else:
            command.append(word)


def _parsed(line: int, words: list[str], credential_headers: frozenset[str]) -> Command:
    options: list[tuple[str, str]] = []
    addresses: list[str] = []
    rest = _separated(words)
    for word in rest:
        if word in _WITH_VALUE:
            value = next(rest, None)
            if value is None:
                raise NotUnderstood(f"{word} has no value")
            options.append((word, value))
        elif word in _FLAGS:
            options.append((word, ""))
        elif word.startswith("-") and word != "-":
            raise NotUnderstood(f"the option {word} is not known here")
        else:
            addresses.append(word)
    addresses += [value for name, value in options if name == _URL]
    if len(addresses) != 1:
        raise NotUnderstood(f"it has {len(addresses)} addresses, not one")
    names = {name for name, _ in options}
    as_query = bool(names & {"-G", "--get"})
    method = "GET"
    if names & (_DATA | _FORM) and not as_query:
        method = "POST"
    elif names & _UPLOAD:
        method = "PUT"
    elif names & {"-I", "--head"}:
        method = "HEAD"
    method = next((value.upper() for name, value in options if name in _METHOD), method)
    address, _, query = addresses[0].partition("?")
    parameters = parse_qsl(query.partition("#")[0], keep_blank_values=True)
    if as_query:
        data = [value for name, value in options if name in _DATA]
        parameters += [pair for value in data for pair in parse_qsl(value, keep_blank_values=True)]
    # What stands before the first slash is the server, or a variable that holds it.
    host = _HOST.match(address)
    before = host[0] if host else ""
    path = address.removeprefix(before)
    credential = _credential(options, credential_headers)
    return Command(line, method, path, _VARIABLE.search(before) is not None, tuple(sorted(parameters)), credential)


def _separated(words: list[str]) -> Iterator[str]:
    """The words, with `--name=value`, `-Xvalue` and `-sS` taken apart."""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in _WITH_VALUE and name.startswith("--"):
            yield from (name, value)
        elif re.match(r"-[A-Za-z#].", word) and word[:2] in _WITH_VALUE:
            yield from (word[:2], word[2:])
        elif re.fullmatch(r"-[A-Za-z#]{2,}", word):
            yield from (f"-{letter}" for letter in word[1:])
        else:
            yield word


def _credential(options: Iterable[tuple[str, str]], known: frozenset[str]) -> str:
    for name, value in options:
        if name in _HEADER:
            header, _, content = value.partition(":")
            if header.strip().lower() in known:
                return kind_of_credential(header, content)
        elif name in _USER:
            return "authorization basic"
        elif name == "--oauth2-bearer":
            return "authorization bearer"
    return ""


def kind_of_credential(header: str, value: str) -> str:
    """How a credential is sent: the header, and its scheme where it has one."""
    words = value.split()
    scheme = f" {words[0].lower()}" if len(words) > 1 else ""
    return f"{header.strip().lower()}{scheme}"


class Requests:
    """The recorded requests, each kind once.

    Args:
        interactions: What was recorded.
        credential_headers: Headers that carry a credential, in lower case.
        variables: The variables whose value a page may take for granted.
    """

    def __init__(
        self,
        interactions: Iterable[Interaction],
        credential_headers: Iterable[str],
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._credential_headers = frozenset(credential_headers)
        self._variables = variables
        self._known: dict[tuple[str, str, tuple[tuple[str, str], ...], str], None] = {}
        for one in interactions:
            sent = [
                kind_of_credential(*pair) for pair in one.headers.items() if pair[0].lower() in self._credential_headers
            ]
            path = "/".join("*" if _is_id(step) else step for step in one.path.split("/"))
            self._known[one.method, path, tuple(one.query), sent[0] if sent else ""] = None

    def fault(self, script: str) -> tuple[int, str] | None:
        """What is wrong with the first `curl` of a script that sends what was not recorded.

        Returns:
            Its row and what is wrong, or None where each was recorded.
        """
        try:
            found = commands(script, self._credential_headers, self._variables)
        except NotUnderstood as error:
            return 0, f"has a curl that cannot be held to a recorded request: {error}"
        for one in found:
            if not any(_same(one, *known) for known in self._known):
                return (
                    one.line,
                    f"has a curl that sends no recorded request: {one}; the nearest is {self._nearest(one)}",
                )
        return None

    def _nearest(self, one: Command) -> str:
        told = {
            _told(method, path, "&".join(f"{name}={value}" for name, value in query), credential): None
            for method, path, query, credential in self._known
        }
        near = difflib.get_close_matches(str(one), told, n=1, cutoff=0.0)
        return near[0] if near else "none: nothing was recorded"


def has_curl(script: str) -> bool:
    """Whether a script may have a `curl` in it."""
    return re.search(r"\bcurl\b", script) is not None


def _same(one: Command, method: str, path: str, query: tuple[tuple[str, str], ...], credential: str) -> bool:
    if (one.method, one.credential) != (method, credential) or len(one.query) != len(query):
        return False
    steps, known = one.path.split("/")[1:], path.split("/")[1:]
    known = known[-len(steps) :] if one.open else known
    fits = len(known) == len(steps) and all(map(_fits, steps, known))
    return fits and all(a == c and _fits(b, d) for (a, b), (c, d) in zip(one.query, query, strict=True))


def _fits(written: str, recorded: str) -> bool:
    """Whether a step of a path, or a value, may be the recorded one: a variable and an id may be anything."""
    if unquote(written) == unquote(recorded) or (_is_id(written) and (recorded == "*" or _is_id(recorded))):
        return True
    pieces = [re.escape(piece) for piece in _VARIABLE.split(written)]
    return len(pieces) > 1 and re.fullmatch(".*".join(pieces), recorded) is not None


def _is_id(step: str) -> bool:
    return _ID.match(step) is not None or _ENCODED.search(step) is not None
