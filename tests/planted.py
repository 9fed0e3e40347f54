"""Makes secrets of every kind at run time, in every spelling, so that no file of the tests holds one."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import string
import zipfile
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import strategies as st

from verified_docs.spellings import encoded

LETTERS = string.ascii_letters + string.digits


def of(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


def _url_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


PREFIXES = ("glpat-", "gldt-", "glcbt-64_", "glrt-", "glptt-", "gloas-", "glft-", "glagent-", "glimt-", "GR1348941")
TOKENS = st.builds("{}{}".format, st.sampled_from(PREFIXES), of(LETTERS + "_-", 20, 50))
ROUTABLE = st.builds("glpat-{}.01.{}".format, of(LETTERS + "_-", 27), of(string.digits + "abcdef", 9))
JWTS = st.builds(
    lambda user, signature: ".".join((_url_base64('{"alg":"RS256","typ":"JWT"}'), _url_base64(user), signature)),
    st.builds('{{"sub":"{}","iss":"gitlab"}}'.format, of(LETTERS, 8, 20)),
    of(LETTERS + "_-", 43),
)
EMAILS = st.builds(
    "{}.{}@{}.{}".format,
    of(string.ascii_lowercase, 3, 9),
    of("abcdef", 3, 9),
    of("klmnop", 4, 9),
    st.sampled_from(("test", "io", "com", "co.uk")),
)
ADDRESSES = st.one_of(
    st.builds("10.{}.{}.{}".format, st.integers(0, 255), st.integers(0, 255), st.integers(1, 254)),
    st.builds("192.168.{}.{}".format, st.integers(0, 255), st.integers(1, 254)),
    st.builds("172.{}.{}.{}".format, st.integers(16, 31), st.integers(0, 255), st.integers(1, 254)),
    st.builds(
        "{}.{}.{}".format,
        of("abcdefg", 3, 9),
        of("klmnop", 3, 9),
        st.sampled_from(("internal", "local", "corp", "lan")),
    ),
)
HOME, USERS = "/ho" + "me/", "/Us" + "ers/"
PATHS = st.one_of(
    st.builds("{}{}/projects/wine".format, st.sampled_from((HOME, USERS)), of(string.ascii_lowercase, 4, 9)),
    st.builds("C:\\Users\\{}\\wine".format, of(string.ascii_lowercase, 4, 9)),
    st.builds("/builds/{}/wine".format, of(string.ascii_lowercase, 4, 9)),
)
SERVICES = st.one_of(
    *(
        st.builds("{}{}".format, st.just(prefix), of(alphabet, least))
        for prefix, alphabet, least in (
            ("ghp_", LETTERS, 36),
            ("github_pat_", LETTERS + "_", 30),
            ("hf_", LETTERS, 34),
            ("dapi", "0123456789abcdef", 32),
            ("xoxb-", LETTERS + "-", 24),
            ("pypi-", LETTERS + "_-", 60),
            ("AIza", LETTERS + "_-", 35),
        )
    )
)
CLOUD = st.builds("{}{}".format, st.sampled_from(("AKIA", "ASIA")), of(string.ascii_uppercase + string.digits, 16))
KEYS = st.builds(
    "-----BEGIN {}PRIVATE KEY-----\n{}\n-----END {}PRIVATE KEY-----\n".format,
    st.sampled_from(("", "RSA ", "OPENSSH ", "EC ")),
    of(LETTERS + "+/", 64),
    st.just(""),
)
SIGNATURES = st.builds(
    "https://bucket.example.com/model.pkl?X-Amz-Expires=600&X-Amz-{}={}".format,
    st.sampled_from(("Signature", "Credential")),
    of("0123456789abcdef", 64),
)
LOGINS = st.builds(
    "{}://{}:{}@db.example.com/wine".format,
    st.sampled_from(("https", "postgresql", "redis")),
    of(string.ascii_lowercase, 3, 9),
    of(LETTERS, 8, 20),
)
LOCAL_ADDRESSES = st.builds(
    "fd{}:{}:{}::1".format, of("0123456789abcdef", 2), of("123456789abc", 4), of("123456789abc", 4)
)
# As only a generator mixes them.
MIXED = st.lists(
    st.builds("{}{}{}".format, of(string.ascii_lowercase, 1), of(string.digits, 1), of(string.ascii_uppercase, 1)),
    min_size=8,
    max_size=13,
).map("".join)
# What is known by its form wherever it stands.
ANYWHERE: dict[str, st.SearchStrategy[str]] = {
    "token": TOKENS,
    "routable token": ROUTABLE,
    "JSON web token": JWTS,
    "e-mail address": EMAILS,
    "private host": ADDRESSES,
    "path of a machine": PATHS,
    "token of another service": SERVICES,
    "cloud access key": CLOUD,
    "private key": KEYS,
    "signature in an address": SIGNATURES,
    "credentials in an address": LOGINS,
    "private host, six": LOCAL_ADDRESSES,
    "random text": MIXED.filter(lambda one: len(set(one)) > 14),
}
# What is known by where it stands, or because somebody told.
OAUTH = of("0123456789abcdef", 64)
RANDOM = of(LETTERS, 20, 40)
PASSWORDS = of(LETTERS + "_-.~", 12, 30).filter(lambda one: len(set(one)) > 8 and any(map(str.isdigit, one)))
CANARIES = of(string.printable[:95] + "äéß€", 10, 30).map(str.strip).filter(lambda one: len(set(one)) > 7)


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes/secret.txt", content)
    return packed.getvalue()


def _in_lines(text: str) -> str:
    return base64.encodebytes(b"about this file: " * 3 + text.encode() + b" and more of it" * 5).decode()


# How a text may be written in another: all of them are text again.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps({"note": text}),
    "JSON in JSON": lambda text: json.dumps({"note": json.dumps({"note": text})}),
    "JSON in JSON in JSON": lambda text: json.dumps([json.dumps([json.dumps({"note": text})])]),
    "JSON with escapes only": lambda text: '"' + "".join(f"\\u{ord(sign):04x}" for sign in text) + '"',
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every sign as percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "entities": lambda text: html.escape(text),
    "every sign as entity": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "entities in JSON": lambda text: json.dumps({"text": "".join(f"&#x{ord(sign):x};" for sign in text)}),
    "tags": lambda text: "".join(f'<span class="n">{html.escape(sign)}</span>' for sign in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 with text around": lambda text: base64.b64encode(f"the user is: {text}, as said".encode()).decode(),
    "base64 of addresses": lambda text: _url_base64(f"{{user}}:{text}"),
    "base64 right after a word": lambda text: "Basic" + base64.b64encode(f"me:{text} ".encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 in lines": _in_lines,
    "base64 in lines in JSON": lambda text: json.dumps(_in_lines(text)),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 of gzip": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}
# The same for bytes.
PACKINGS: dict[str, Callable[[str], bytes]] = {
    "text": lambda text: f"first line\n{text}\n".encode(),
    "text with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16": lambda text: b"\x01\x02\x03" + text.encode("utf-16-le") + b"\xfe\xff\xff",
    "UTF-16, the other end first": lambda text: b"\x01\x02\x03" + text.encode("utf-16-be") + b"\xfe\xff\xff",
    "between bytes": lambda text: b"\x93NUMPY\xff\x00" + text.encode() + b"\x00\xff",
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip, the second of two": lambda text: gzip.compress(b"nothing\n") + gzip.compress(text.encode()),
    "gzip in gzip": lambda text: gzip.compress(gzip.compress(text.encode())),
    "zip": lambda text: _zipped(text.encode()),
    "zip in zip": lambda text: _zipped(_zipped(text.encode())),
    "gzip in zip": lambda text: _zipped(gzip.compress(text.encode())),
}


def forms(secret: str) -> set[str]:
    """What a file may hold of a secret that survived."""
    spelled = {one(secret) for name, one in SPELLINGS.items() if name not in {"base64 of gzip", "tags"}}
    return {secret, json.dumps(secret)[1:-1], secret.replace("'", "''"), *spelled, *encoded(secret.encode())}
