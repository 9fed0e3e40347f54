"""Says what a secret looks like: one rule for each kind of token, credential, address and path."""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from verified_docs.spellings import BREAK, LEAST_WORD, STANDARD, encoded, places, plain, words


@dataclass(frozen=True)
class Known:
    """What a project knows and no rule can.

    Attributes:
        canaries: Values that must never be written, such as the token of whoever records.
        patterns: Expressions for more of them.
        hosts: Private hosts that may be named, in lower case.
        only_host: The only host that an address may name; None where it may be any public one.
    """

    canaries: frozenset[str] = field(default=frozenset(), repr=False)
    patterns: tuple[re.Pattern[str], ...] = field(default=(), repr=False)
    hosts: frozenset[str] = frozenset()
    only_host: str | None = None

    def with_canaries(self, more: Iterable[str]) -> Known:
        """The same, with more values that must never be written."""
        return replace(self, canaries=self.canaries.union(more))

    @cached_property
    def forms(self) -> frozenset[str]:
        """The canaries as they are, as a reader would get them, in base64 and in hexadecimal."""
        return frozenset(form for one in self.canaries for form in _forms(one))


@dataclass(frozen=True)
class Rule:
    """One way to know a secret.

    Attributes:
        kind: What it finds.
        pattern: What it looks like. The group `value` is the secret itself.
        anchors: What every match has within, in small letters, each beginning with a plain word, which is quick to
            find. None are needed where the pattern itself begins so.
        keep: Whether a match counts.
        shape: Whether the pattern alone decides, so that whoever redacts can use it as well.
        by_word: Whether a long word may hold a match; None where a match is not part of one.
    """

    kind: str
    pattern: re.Pattern[str]
    anchors: tuple[re.Pattern[str], ...] = ()
    keep: Callable[[re.Match[str], Known], bool] = lambda match, known: True
    shape: bool = False
    by_word: Callable[[str], bool] | None = None

    def find(self, text: str, lower: str) -> Iterator[re.Match[str]]:
        """Its matches in a text, some of them twice.

        Args:
            text: The text.
            lower: The same in small letters, with every letter in its place.
        """
        if self.by_word:
            for start, end in places(text, filter(self.by_word, words(text))):
                yield from self.pattern.finditer(text, start, end)
        elif self.anchors:
            for anchor in self.anchors:
                yield from self._around(anchor, text, lower)
        else:
            yield from self.pattern.finditer(text)

    def _around(self, anchor: re.Pattern[str], text: str, lower: str) -> Iterator[re.Match[str]]:
        done = 0
        for place in anchor.finditer(lower):
            if place.end() <= done:
                continue
            match = self.pattern.search(text, max(done, place.start() - _BEFORE), place.start() + _AFTER)
            # What only begins after the anchor has one of its own, and may be cut off here.
            if match and match.start() <= place.end():
                yield match
                done = match.end()


RANDOM = "random text"
# What a match may have around its anchor.
_BEFORE, _AFTER = 100, 400
# Words in the place of a token: a random one has digits, or capitals among small letters.
_PLACEHOLDER = re.compile(
    r"(?:GR1348941|gl[a-z]{2,6})?-?(?i:redacted|placeholder|example|your|xxxx)(?:[a-z_.-]*|[A-Z_.-]*)(?:-\d{1,2})?"
)
# Any word before it counts, but for the tokens that count pages.
_NAMES = (
    r"token(?<!page.token)(?<!pagetoken)(?<!page&#95;token)",
    *("secret", "password", "passwd", "passphrase", "api[_-]?key", "access[_-]?key", "private[_-]?key", "auth[_-]?key"),
)
_NAMED = "|".join(_NAMES)
_SECRET_NAME = rf"[a-z0-9_-]{{0,48}}?(?:{_NAMED})"
# A plain word, a file, a variable or a type, as in "the token downloads" and "with a job token train.py".
_WORD = (
    r"(?-i:[a-z]{1,19}\.?|[a-z_]{1,30}\.(?:py|md|ya?ml|json|toml|env|sh)|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    r"|(?:[A-Z][a-z]{2,}){1,4})"
    r"(?![A-Za-z0-9+/=_\-.~])"
)
_HYPHENATED = r"(?-i:[a-z]{1,19}(?:-[a-z]{1,19})+)(?![A-Za-z0-9+/=_\-.~])"
# What a program computes is no secret.
_NO_CALL = r"(?!(?:[A-Za-z_]+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)[\[(])"
_LINE = rf"(?<![^\n{BREAK}])"
_PRIVATE_NAMES = ("internal", "local", "corp", "lan", "intranet", "localdomain", r"home\.arpa")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_SAFE_DOMAINS = ("example.com", "example.org", "example.net")
# Bits for each sign, and how often a small letter, a capital and a digit follow one another. Random letters and digits
# are hardly ever below, and no name in this project is above.
_LEAST_BITS, _LEAST_CHANGES = 3.5, 0.4
_LONGEST = 60
_EACH_CLASS = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[^0-9]*[0-9]")
_DATA_BEFORE = re.compile(rf"(?:nonce=(?:[\"'\\]|&quot;)*|;base64,|[A-Za-z0-9+/]{{60}}[ \t\r]*[\n{BREAK}][ \t]*)\Z")
_PATH_BEFORE, _PATH_AFTER = re.compile(r"[A-Za-z0-9+/_-]+\Z"), re.compile(r"[A-Za-z0-9+/_-]+")
# What draws a line in a picture.
_DRAWN = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9-]+")
# What the policy of a page's scripts is made of: everybody gets to see it.
_PUBLIC = ("nonce-", "sha256-", "sha384-", "sha512-")
# What four numbers are a version of, as in "Chrome/10.0.0.1".
_PRODUCT = re.compile(rf"(?:\A|[\s\"'(;,{BREAK}])[A-Za-z][\w-]*/\Z")
# The begin of a longer address of groups.
_GROUPS = re.compile(r"(?:(?<!\w)[0-9A-Fa-f]:|::)\Z")
_SCHEME = re.compile(r"(?:https?|ssh|git|ftp|wss?)\Z", re.I)


def _forms(canary: str) -> Iterator[str]:
    content, wide = canary.encode(), canary.encode("utf-16-le")
    yield from (canary, plain(canary), content.hex(), content.hex().upper())
    yield from encoded(content) | encoded(wide)


def is_secret_name(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret."""
    return re.fullmatch(_SECRET_NAME, name, re.I) is not None


def _is_no_placeholder(match: re.Match[str], known: Known) -> bool:
    # A line of dashes is none either.
    return not _PLACEHOLDER.fullmatch(match["value"]) and any(map(str.isalnum, match["value"]))


def _is_somebody(match: re.Match[str], known: Known) -> bool:
    user, _, domain = match["value"].lower().rpartition("@")
    # Everybody clones as `git`.
    return user != "git" and not any(domain == safe or domain.endswith(f".{safe}") for safe in _SAFE_DOMAINS)


def _is_private(match: re.Match[str], known: Known) -> bool:
    return match["value"].lower() not in known.hosts


def _follows(pattern: re.Pattern[str], match: re.Match[str]) -> bool:
    """Whether a pattern matches right before."""
    return pattern.search(match.string, max(0, match.start() - 40), match.start()) is not None


def _is_of_the_web(match: re.Match[str]) -> bool:
    return _follows(_SCHEME, match)


def _is_private_name(match: re.Match[str], known: Known) -> bool:
    return match["value"].lower() != "localhost" and _is_of_the_web(match) and _is_private(match, known)


def _is_foreign(match: re.Match[str], known: Known) -> bool:
    return known.only_host not in (None, match["value"].lower()) and _is_of_the_web(match)


def _bits(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _changes(text: str) -> float:
    classes = ["a" if sign.islower() else "A" if sign.isupper() else "0" for sign in text if sign.isalnum()]
    pairs = list(pairwise(classes))
    return sum(one != other for one, other in pairs) / max(len(pairs), 1)


def _is_data(match: re.Match[str], begins: int) -> bool:
    """Whether it is a nonce, a hash, a part of a file, or base64 of a text, which is looked at on its own."""
    if _DATA_BEFORE.search(match.string, max(0, begins - 120), begins) or match["value"].startswith(_PUBLIC):
        return True
    piece = match["value"].translate(STANDARD)
    decoded = binascii.a2b_base64(piece[: len(piece) // 4 * 4])
    return sum(32 <= byte < 127 for byte in decoded) > 0.9 * len(decoded)


def _looks_random(value: str) -> bool:
    """Whether small letters, capitals and digits are mixed as only a generator mixes them."""
    return (
        LEAST_WORD <= len(value) <= _LONGEST
        and _EACH_CLASS.match(value) is not None
        and _changes(value) >= _LEAST_CHANGES
        and _bits(value) >= _LEAST_BITS
        and not _DRAWN.fullmatch(value)
    )


def _is_random(match: re.Match[str], known: Known) -> bool:
    return _looks_random(match["value"]) and not _is_data(match, match.start())


def _is_random_in_path(match: re.Match[str], known: Known) -> bool:
    """Whether only this part of a path is random: base64 of a file has slashes too."""
    before = _PATH_BEFORE.search(match.string, max(0, match.start() - 200), match.start())
    after = _PATH_AFTER.match(match.string, match.end(), match.end() + 200)
    others = f"{before[0] if before else ''}/{after[0] if after else ''}"
    return (
        _looks_random(match["value"])
        and "+" not in others
        and not any(len(part) > 7 and _EACH_CLASS.match(part) for part in others.split("/"))
        and not _is_data(match, before.start() if before else match.start())
    )


def _is_a_credential(match: re.Match[str], known: Known) -> bool:
    """Whether what stands for a credential is no word: digits among letters, or capitals in many places."""
    value = match["value"]
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return _bits(value) >= 3 and (mixed or _changes(value) >= 0.3) and _is_no_placeholder(match, known)


def _quick(*anchors: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, anchors))


def _shape(kind: str, pattern: str, *anchors: str) -> Rule:
    # A slow pattern has anchors, and looks at small letters and capitals alike.
    flags = re.I if anchors else re.NOFLAG
    return Rule(kind, re.compile(pattern, flags), _quick(*anchors), _is_no_placeholder, shape=True)


RULES: tuple[Rule, ...] = (
    _shape("GitLab token", r"gl[a-z]{2,6}-(?P<value>[A-Za-z0-9_\-.]{16,})"),
    _shape("runner registration token", r"GR1348941(?P<value>[A-Za-z0-9_-]{16,})"),
    _shape("cloud access key", r"(?P<value>A(?:KIA|SIA)[A-Z0-9]{16})"),
    *(
        _shape("token of another service", f"(?P<value>{prefix}{rest})")
        for prefix, rest in (
            ("gh", "[pousr]_[A-Za-z0-9]{36}"),
            ("github_pat_", "[A-Za-z0-9_]{22,}"),
            ("hf_", "[A-Za-z0-9]{30,}"),
            ("dapi", "[0-9a-f]{32}"),
            ("xox", "[abeprs]-[A-Za-z0-9-]{20,}"),
            ("pypi-", "[A-Za-z0-9_-]{40,}"),
            ("AIza", "[A-Za-z0-9_-]{35}"),
        )
    ),
    _shape(
        "JSON web token",
        # The last part is empty where nobody signed it.
        r"(?P<value>eyJ[A-Za-z0-9_-]{10,1000}+\.(?:[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}|eyJ[A-Za-z0-9_-]{8,}))",
    ),
    _shape("private key", r"(?P<value>-----BEGIN [A-Z ]*PRIVATE KEY-----)"),
    _shape(
        "credential that is not a label",
        # A page may have any name after the word: "with another token request-added".
        rf"\b(?:(?:Bearer|Basic)[ \t+]+|Token[ \t+]+(?!{_HYPHENATED}))(?!<|{_WORD})"
        r"(?P<value>[A-Za-z0-9+/=_\-.~]{8,})",
        *(rf"{scheme}[ \t+]+[^<]" for scheme in ("bearer", "basic", "token")),
    ),
    _shape(
        "credential that is not a label",
        rf"(?:[\"'?&]|{_LINE}){_SECRET_NAME}[\"']?(?:=|\s*:\s*[\"'])(?!<)"
        rf"{_NO_CALL}(?P<value>[A-Za-z0-9+/=_\-.~%]{{8,}})",
        *(rf"{name}[\"']?(?:=|\s*:\s*[\"'])[^<]" for name in _NAMES),
    ),
    _shape(
        "signature in an address",
        r"[?&](?:X-Amz-|X-Goog-)?(?:Signature|Credential)=(?P<value>[^&\s\"'<>]{8,})",
        *("signature=", "credential="),
    ),
    _shape("credentials in an address", r"://(?P<value>[^/\s@\"'<>?]+)@(?=[A-Za-z0-9\[])"),
    # Not only at the begin of a line or in quotes: a header in YAML, a variable of a shell, a keyword of a call.
    Rule(
        "credential that is not a label",
        re.compile(
            rf"(?<![A-Za-z0-9_/-])(?:(?:{_SECRET_NAME}|authorization|[a-z_]*_session)[\"']?\s{{0,4}}(?:=>|[:=,])"
            rf"|--{_SECRET_NAME}[ ])"
            rf"(?:\s{{0,20}}-)?\s{{0,20}}[\"'\[(]{{0,3}}(?:(?:bearer|basic|token)[ +])?"
            rf"{_NO_CALL}(?P<value>[A-Za-z0-9+/=_\-.~]{{16,}})",
            re.I,
        ),
        _quick(
            rf"--[a-z0-9_-]{{0,48}}?(?:{_NAMED})[ ]",
            *(
                rf"{name}[\"']?\s{{0,4}}(?:=>|[:=,])[\s\"'\[(-]{{0,40}}(?:(?:bearer|basic|token)[ +])?"
                r"[a-z0-9+/=_\-.~]{16}"
                for name in (*_NAMES, "authorization", "_session")
            ),
        ),
        _is_a_credential,
    ),
    Rule(
        RANDOM,
        re.compile(rf"(?<![A-Za-z0-9+/_%\-])(?P<value>[A-Za-z0-9+/_-]{{20,{_LONGEST}}}+)(?![A-Za-z0-9+/_-])"),
        keep=_is_random,
        by_word=_looks_random,
    ),
    # A part of a path.
    Rule(
        RANDOM,
        re.compile(rf"(?<=/)(?P<value>[A-Za-z0-9_-]{{20,{_LONGEST}}}+)(?![A-Za-z0-9+_-])"),
        keep=_is_random_in_path,
        by_word=lambda word: "/" in word and any(map(_looks_random, word.split("/"))),
    ),
    Rule(
        "e-mail address",
        # An n after a backslash is the end of a line.
        re.compile(r"(?<!\\)(?P<value>[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b"),
        _quick(r"@(?:[a-z0-9-]+\.)+[a-z]{2}"),
        _is_somebody,
    ),
    Rule(
        "private host",
        re.compile(
            rf"(?<![\w.\-])(?<![=<>~!]=)(?P<value>(?:10(?:\.{_OCTET}){{3}}|192\.168(?:\.{_OCTET}){{2}}"
            rf"|172\.(?:1[6-9]|2\d|3[01])(?:\.{_OCTET}){{2}}|169\.254(?:\.{_OCTET}){{2}}))(?!\.?\w)",
        ),
        _quick(r"10\.\d", r"192\.168\.", r"172\.\d", r"169\.254\."),
        lambda match, known: _is_private(match, known) and not _follows(_PRODUCT, match),
    ),
    Rule(
        "private host",
        re.compile(
            r"(?<![\w.\-])(?P<value>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
            rf"(?:{'|'.join(_PRIVATE_NAMES)}))(?![\w(-]|\.\w)",
            re.I,
        ),
        _quick(*(rf"\.{name}" for name in _PRIVATE_NAMES)),
        _is_private,
    ),
    Rule(
        "private host",
        re.compile(r"://(?:[^/\s@\"'<>]*@)?(?P<value>[A-Za-z0-9][A-Za-z0-9-]+)(?=[:/\"'\s]|\Z)(?![^/\s\"'<>]*@)"),
        keep=_is_private_name,
    ),
    Rule(
        "private host",
        re.compile(
            r"(?<![\w.])(?<![0-9A-Fa-f]{2}:)(?P<value>f(?:[cd][0-9a-f]{2}|e80)(?::[0-9a-f]{0,4}){3,7})(?![\w:])", re.I
        ),
        _quick(r"fc[0-9a-f]{2}:", r"fd[0-9a-f]{2}:", "fe80:"),
        lambda match, known: _is_private(match, known) and not _follows(_GROUPS, match),
    ),
    Rule(
        "another host",
        re.compile(r"://(?:[^/\s@\"'<>]*@)?(?P<value>[^/\s\"'<>:?#\\,;)\]`]+)"),
        keep=_is_foreign,
    ),
    Rule(
        "path of a machine",
        re.compile(
            r"(?:(?<![\w.~)\]}\-])|(?<=/mnt/[a-z]))/(?:home|Users)/"
            r"(?P<value>(?!(?:you|user|username|name|me)\b)[A-Za-z0-9][\w.-]*)"
        ),
        _quick("/home/", "/users/"),
    ),
    # A backslash before n, r, t or f may have been read as the end of a line.
    Rule(
        "path of a machine",
        re.compile(
            r"(?<![A-Za-z])[A-Za-z]:[\\/]+(?:Users|Documents and Settings)(?:[\\/]+|[\t\x0b])(?P<value>[\w.-]+)"
        ),
        _quick(r":[\\/]+users[\\/\t\x0b]", r":[\\/]+documents and settings[\\/\t\x0b]"),
    ),
    Rule(
        "path of a machine",
        re.compile(r"(?<![\w.~)\]}\-/])(?P<value>/root)(?=/[\w.]|[\"'\s]|$)"),
        _quick(r"/root\b"),
    ),
    Rule(
        "path of a machine",
        re.compile(r"(?<![\w.~)\]}\-])/(?:builds|var/folders)/(?P<value>[A-Za-z0-9][\w.-]*/[A-Za-z0-9])"),
        _quick("/builds/", "/var/folders/"),
    ),
)

# What is recognised by its form alone.
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple((rule.kind, rule.pattern) for rule in RULES if rule.shape)
