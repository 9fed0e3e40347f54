"""Takes each rule and each spelling away: what only it finds is then no longer found."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planted
from verified_docs import leaks, rules, spellings
from verified_docs.leaks import find_leaks, find_leaks_in_bytes
from verified_docs.rules import RULES, Known, is_secret_name

WORD = "Ab3dE5fG7h" + "J9kL1mN3pQ"
HEX = "0123456789abcdef" * 4
AT = "@"
# One for each rule, in their order: found by that rule and by no other.
SAMPLES: tuple[tuple[str, str], ...] = (
    ("GitLab token", "x glpat-" + "k" * 20),
    ("runner registration token", "x GR1348941" + "k" * 20),
    ("cloud access key", "AKIA" + "B" * 16),
    ("token of another service", "ghp_" + "k" * 36),
    ("token of another service", "github_pat_" + "k" * 30),
    ("token of another service", "hf_" + "k" * 34),
    ("token of another service", "dapi" + "0" * 32),
    ("token of another service", "xoxb-" + "1" * 24),
    ("token of another service", "pypi-" + "k" * 44),
    ("token of another service", "AIza" + "k" * 35),
    ("JSON web token", "eyJhbGciOi" + "Jub25l" + "." + "k" * 12 + "." + "k" * 8),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ("credential that is not a label", "Bearer " + "abcdefg-hij"),
    ("credential that is not a label", '{"client_secret": "' + "correct-horse" + '"}'),
    ("signature in an address", "/x?X-Goog-Signature=" + "k" * 12),
    ("credentials in an address", "postgres:/" + "/me:hunter2" + AT + "db:5432/x"),
    ("credential that is not a label", "      Private-Token:\n      - " + HEX),
    ("random text", f"see {WORD} there"),
    ("random text", "see https:/" + f"/gitlab.example.com/acme/wine-quality/-/feeds-of-work-items/{WORD}/items"),
    ("e-mail address", "ann" + AT + "corp.test"),
    ("private host", "ping 10.1" + ".2.3"),
    ("private host", "ping git.acme" + ".internal now"),
    ("private host", "http:/" + "/gitlab/x"),
    ("private host", "ping fd12" + ":3456:789a::1"),
    ("another host", "http:/" + "/gitlab.acme.test/x"),
    ("path of a machine", "in /ho" + "me/ann/x"),
    ("path of a machine", "in C:\\Us" + "ers\\ann"),
    ("path of a machine", "in /ro" + "ot/.netrc"),
    ("path of a machine", "in /buil" + "ds/acme/wine"),
)
NOTHING, STRICT = Known(), Known(only_host="gitlab.example.com")


def kinds(text: str, known: Known = NOTHING) -> set[str]:
    return {leak.kind for leak in find_leaks(text, known)}


@pytest.mark.parametrize("number", range(len(RULES)))
def test_each_rule_is_needed(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, text = SAMPLES[number]
    assert RULES[number].kind == kind
    known = STRICT if kind == "another host" else NOTHING
    assert kinds(text, known) == {kind}
    monkeypatch.setattr(leaks, "RULES", RULES[:number] + RULES[number + 1 :])
    assert kinds(text, known) == set()


@pytest.mark.parametrize("number", [number for number, rule in enumerate(RULES) if len(rule.anchors) > 1])
def test_each_anchor_is_needed(number: int) -> None:
    """What the pattern finds in a text of every anchor is found by way of the anchors too."""
    rule = RULES[number]
    texts = {
        "credential that is not a label": [
            *(f"x {scheme} {WORD}" for scheme in ("Bearer", "BASIC", "token")),
            *(f'"my_{name}": "{WORD}"' for name in NAMES),
            *(f"my_{name}={WORD}" for name in NAMES),
            *(f"  MY-{name.upper()}:\n    - '{WORD}'" for name in (*NAMES, "authorization", "_session")),
            f"curl --private-token {WORD}",
        ],
        "signature in an address": ["?Signature=" + "abcdefghij", "&X-Amz-Credential=" + "abcdefghij"],
        "private host": [
            *("x 10.1." + "2.3", "x 192.168." + "2.3", "x 172.16." + "2.3", "x 169.254." + "2.3"),
            *(
                f"git.acme.{name}"
                for name in ("internal", "local", "corp", "lan", "intranet", "localdomain", "home.arpa")
            ),
            *(f"x {begin}::1:2:3" for begin in ("fc00", "fd00", "fe80")),
            *("https:/" + "/gitlab.example.com/10.1" + ".2.3/x", '{"ip":"x:fd12' + ':3456:789a::1"}'),
        ],
        "path of a machine": [
            *(f"x /{name}/ann/x" for name in ("home", "Users", "builds", "var/folders")),
            *("x C:/Us" + "ers/ann", "x D:\\\\Documents and " + "Settings\\\\ann"),
            *("x C:\\Us" + "ers\x0bann", "x C:\\Documents and " + "Settings\tann"),
        ],
    }[rule.kind]
    for text in texts:
        if rule.pattern.search(text):
            assert [match["value"] for match in rule.find(text, text.lower())], text
    assert any(rule.pattern.search(text) for text in texts)


NAMES = (
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "api_key",
    "apikey",
    "access-key",
    "private_key",
    "auth_key",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "form", ['{{"{}": "{}"}}', "{}={}", "?x=1&{}={}", "  {}: {}", "export {}={}", "x({}='{}')", "--{} {}"]
)
def test_a_name_makes_its_value_a_credential(name: str, form: str) -> None:
    assert "credential that is not a label" in kinds(form.format(name, HEX))
    assert "credential that is not a label" in kinds(form.format(f"GITLAB_{name.upper()}", WORD))
    assert is_secret_name(f"GITLAB_{name.upper()}")


@settings(max_examples=60)
@given(
    spelling=st.sampled_from(sorted(planted.SPELLINGS)),
    secret=planted.TOKENS
    | planted.JWTS
    | planted.EMAILS
    | planted.PATHS
    | planted.ADDRESSES.filter(lambda one: len(one) > 14),
    before=st.sampled_from(["", "one\ntwo\n", "é ", '"']),
)
def test_every_spelling_is_read(spelling: str, secret: str, before: str) -> None:
    text = f"{before}{planted.SPELLINGS[spelling](secret)}"
    found = list(find_leaks(text))
    assert found, spelling
    assert {leak.line for leak in found} <= set(range(1 + before.count("\n"), 2 + text.count("\n")))


@settings(max_examples=60)
@given(packing=st.sampled_from(sorted(planted.PACKINGS)), secret=planted.TOKENS | planted.JWTS | planted.PATHS)
def test_every_packing_is_opened(packing: str, secret: str) -> None:
    assert list(find_leaks_in_bytes(planted.PACKINGS[packing](secret))), packing


@settings(max_examples=60)
@given(spelling=st.sampled_from(sorted(planted.SPELLINGS)), secret=planted.CANARIES)
def test_a_canary_is_found_in_every_spelling(spelling: str, secret: str) -> None:
    known = Known(canaries=frozenset({secret}))
    assert "canary" in kinds(planted.SPELLINGS[spelling](secret), known), spelling


@pytest.mark.parametrize("spelling", sorted(planted.SPELLINGS))
def test_a_canary_may_have_letters_of_any_alphabet(spelling: str) -> None:
    known = Known(canaries=frozenset({"Tulpengröße € für ß"}))
    assert "canary" in kinds(planted.SPELLINGS[spelling]("Tulpengröße € für ß"), known)


TOKEN = "glpat-" + "Ab3dE5fG7h" * 2


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("_INLINE_TAG", "tags"),
        ("_ENTITY", "every sign as entity"),
        ("_ESCAPE", "JSON with escapes only"),
        ("_PERCENT", "every sign as percent"),
        ("_HEX", "hexadecimal"),
    ],
)
def test_each_spelling_needs_its_reader(name: str, spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = planted.SPELLINGS[spelling](TOKEN)
    assert kinds(text)
    monkeypatch.setattr(spellings, name, re.compile(r"(?!)"))
    assert not kinds(text)


def test_an_invisible_sign_hides_nothing() -> None:
    assert kinds(TOKEN[:9] + "\u200b" + TOKEN[9:]) == {"GitLab token"}


@pytest.mark.parametrize(
    "text",
    [
        # What our own files are full of.
        "sha256: " + "0123456789abcdef" * 4,
        '"gitlab-19.3/mlflow-3/doctor/no_token": "' + HEX + '"',
        "page_token=eyJzdGVwIjoiOTk5IiwidHJhY2tlZF9hdCI6IjE3MDAwMDAwMDA5OTkifQ==",
        '{"next_page_token": "' + "eyJzdGVwIjoiOTk5IiwidHJhY2tlZF9hdCI6IjE3MDAwMDAwMDA5OTkifQ" + '"}',
        "'nonce-4wfrjd9sHKYXTuJqQpfh7Q=='",
        '<script nonce="4wfrjd9sHKYXTuJqQpfh7Q==">',
        "<script nonce=&quot;4wfrjd9sHKYXTuJqQpfh7Q==&quot;>",
        'integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6R9GqQ8KuxAb3dE5fG7h"',
        "perm-5347319-mlModelDelete-with-versi-4806",
        "askprotect_merge_request_pipelinesbooleantrue201GitLab",
        "00000000-0000-4000-8000-000000000001",
        "M17 13h-4v4h-2v-4H7v-2h4V7h2v4h4m-5-9A10 10 0 0 0 2 12",
        "nvidia-curand-cu12==10.3.9.90",
        "Chrome/10.0.0.1",
        "Mozilla/5.0 (X11; Linux) Chrome/10.0.0.1 Safari/10.0.0.2",
        "2001:db8:fd00:1:2:3:4:5",
        "2001:db8:1:fd00:1:2:3:4 and 2001:db8::fd00:1:2:3",
        "git@" + "git.firm.test:team/wine.git",
        "version 10.0.0",
        "threading.local()",
        "http://localhost:5000/x",
        "http://127.0.0.1:5000",
        "gid://gitlab/Ml::Model/501",
        "https://gitlab.example.com/root",
        planted.HOME + "user/x and /home/you",
        "docs/home/index.md",
        'headers={"PRIVATE-TOKEN": os.environ["GITLAB_TOKEN"]}',
        'gitlab.Gitlab(url, private_token=os.environ["GITLAB_TOKEN"])',
        "PRIVATE-TOKEN: $GITLAB_TOKEN",
        "token SecretStr | None",
        "sent with another token request-added one more",
        "Deploy with a job token retention.py KEEP_DAYS",
        "git remote add origin git" + "@" + "gitlab.example.com:acme/wine.git",
        "/* token ------------------------------ */",
        "GR1348941-REDACTED-IN-RECORDING",
        '"runners_token":"GR1348941-REDACTED-IN-RECORDING"',
        "glpat-placeholder-for-recording-2",
        "MLFLOW_TRACKING_TOKEN=your-project-access-token",
    ],
)
def test_what_a_project_is_full_of_is_no_secret(text: str) -> None:
    assert kinds(text) == set()


@pytest.mark.parametrize("beside", ["glpat-example" + "Ab3dE5fG7hJ9", "glpat-YOUR" + "ab3dE5fG7hJ9"])
def test_a_token_that_begins_like_a_placeholder_is_one(beside: str) -> None:
    assert "GitLab token" in kinds(beside)


@pytest.mark.parametrize("before", [b"\xff", b"\xc3\x80", b"\xe2\x82\xac\x80"])
def test_bytes_before_it_hide_nothing(before: bytes) -> None:
    content = b"\x93NUMPY\0" + before + b"/ho" + b"me/ann/projects"
    assert {leak.kind for leak in find_leaks_in_bytes(content)} == {"path of a machine"}
    assert "path of a machine" in kinds(base64.b64encode(content).decode())


def test_hosts_of_the_project_may_be_named() -> None:
    text = "https:/" + "/git.acme" + ".internal/x"
    assert kinds(text, Known()) == {"private host"}
    assert kinds(text, Known(hosts=frozenset({"git.acme" + ".internal"}))) == set()


@settings(max_examples=40)
@given(word=planted.of(planted.LETTERS, 32))
def test_most_random_text_is_found_wherever_it_stands(word: str) -> None:
    """Not all of it is: what has no digit, or hardly changes, looks like a name."""
    mixed = all(any(is_one(sign) for sign in word) for is_one in (str.islower, str.isupper, str.isdigit))
    if mixed and rules._changes(word) >= 0.4 and rules._bits(word) >= 3.5:
        assert kinds(f"it says {word}.") == {"random text"}


SIGNS = ("A", "\\", "<", "\n", "[", "-", "/", "é", "%25", "&amp;", "a.", "a@", "a-", "0f", "a1", "gl", "://", "10.")
TEXTS = ("token=", "token ", "eyJ", "glpat-", "-----BEGIN ", "://a@", "fd00:", ".local", "/home/", "c:\\\\", "--a_")
UNITS = (*SIGNS, *TEXTS, "\\u0041", "Aa1/")


@pytest.mark.parametrize("size", [10_000, 200_000])
@pytest.mark.parametrize("unit", UNITS)
def test_long_lines_take_linear_time(unit: str, size: int) -> None:
    """No timed assert: what takes the square of this length would not end."""
    list(find_leaks(unit * (size // len(unit))))
    list(find_leaks(f"eyJ{'a' * 40}." + unit * (size // len(unit)) + "!"))


def test_what_begins_like_a_web_token_again_and_again_takes_linear_time() -> None:
    list(find_leaks("eyJ" * 700_000))


class Counting:
    """A pattern that counts how many signs it is let look at."""

    def __init__(self, pattern: re.Pattern[str], looked: list[int]) -> None:
        self._pattern = pattern
        self._looked = looked

    def _count(self, text: str, start: int, end: int | None) -> tuple[str, int, int]:
        last = len(text) if end is None else min(end, len(text))
        self._looked.append(last - start)
        return text, start, last

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        return self._pattern.search(*self._count(text, start, end))

    def finditer(self, text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(*self._count(text, start, end))


def looked_at(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many signs the rules look at in a text, all of them together."""
    looked: list[int] = []
    counting = tuple(replace(rule, pattern=Counting(rule.pattern, looked)) for rule in RULES)  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(leaks, "RULES", counting)
        list(find_leaks(text))
    return sum(looked)


def ids(number: int) -> str:
    """Text as a table of random ids is: each long word is there once."""
    rows = (hashlib.sha256(str(row).encode()).digest() for row in range(number))
    return "\n".join(base64.urlsafe_b64encode(row).decode().rstrip("=") for row in rows)


@pytest.mark.parametrize("make", [ids, *(lambda number, unit=unit: unit * number for unit in UNITS)])
def test_twice_the_text_is_twice_the_work(make: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = looked_at(make(2_000), monkeypatch), looked_at(make(8_000), monkeypatch)
    # Twice as much where chance adds a spelling; the square would be 16 times as much.
    assert many <= 8.4 * few + 20_000


def test_many_words_are_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ids(3 * spellings._FEW)
    passes: list[int] = []
    words = text.split("\n")
    assert {text[start:end] for start, end in spellings.places(text, words)} == set(words)
    monkeypatch.setattr(spellings, "_LONG_WORD", Counting(spellings._LONG_WORD, passes))
    assert len(list(spellings.places(text, words))) == len(words)
    assert passes == [len(text)]
    few = list(spellings.places(text, words[:3]))
    assert [text[start:end] for start, end in sorted(few)] == words[:3]
    assert len(passes) == 1


def test_what_is_decoded_grows_as_the_text_does() -> None:
    """Base64 in base64 in base64, of which each is read in four ways."""
    for make in (ids, lambda number: "QUJD" * number, lambda number: "616263" * number):
        sizes = [sum(len(one.text) for one in spellings.spellings(make(number))) for number in (500, 2_000)]
        assert sizes[1] <= 8.4 * sizes[0] + 2_000
