"""Says in which way a request differs from a recorded one, if it does."""

from __future__ import annotations

import base64
import contextlib
import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from verified_docs.adapter import Adapter
from verified_docs.cassette import Fingerprint, Interaction, query_of
from verified_docs.leaks import is_label

_MOST_ROWS = 30


class Comparison:
    """Compares requests as a replay does.

    Args:
        adapter: What is volatile, and which headers carry credentials.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def difference(self, uri: str, headers: Mapping[str, Any], content: bytes, recorded: Interaction) -> str:
        """How a request differs from a recorded one of the same method and path.

        They have to agree in scheme, host, port, query, credential, type of the body, and body.

        Args:
            uri: The whole address that was asked.
            headers: What was sent with it.
            content: The body, empty where there was none.
            recorded: What to compare with.

        Returns:
            What differs first and how, `-` as recorded and `+` as sent; empty where they agree.
        """
        sent, known = urlsplit(uri), urlsplit(recorded.uri)
        for what, now, then in (
            ("address", (sent.scheme, sent.hostname, sent.port), (known.scheme, known.hostname, known.port)),
            ("query", query_of(uri), recorded.query),
            ("credential", self._credential(headers), self._credential(recorded.headers)),
            ("type of the body", self._content_type(headers, sent), self._content_type(recorded.headers, known)),
        ):
            if now != then:
                return f"{what}\n{difference(_rows(then), _rows(now))}"
        return self._body_difference(content, str(headers.get("Content-Type", "")), recorded.body)

    def _content_type(self, headers: Mapping[str, Any], address: SplitResult) -> str:
        """What a request says that its body is; of a file, clients guess it from the machine's own list."""
        if self._adapter.is_upload("PUT", address.path):
            return ""
        kinds = [str(value) for name, value in headers.items() if name.lower() == "content-type"]
        return kinds[0].partition(";")[0].strip().lower() if kinds else ""

    def _credential(self, headers: Mapping[str, Any]) -> list[str]:
        return sorted(
            f"{name.lower()}: {masked(str(value))}"
            for name, value in headers.items()
            if name.lower() in self._adapter.credential_headers
        )

    def _body_difference(self, content: bytes, content_type: str, recorded: str | Fingerprint | None) -> str:
        if isinstance(recorded, Fingerprint):
            if not recorded.exact:
                return "" if content else "body\n-(a file)\n+(nothing)"
            now = Fingerprint.of(content, exact=True)
            return "" if now == recorded else f"body\n{difference([str(recorded)], [str(now)])}"
        if recorded is None or not content:
            then = "(nothing)" if recorded is None else recorded
            return "" if recorded is None and not content else f"body\n{difference([then], [_decoded(content)])}"
        if "json" in content_type:
            try:
                now_body = self._adapter.comparable(json.loads(content))
                then_body = self._adapter.comparable(json.loads(recorded))
            except ValueError:
                pass
            else:
                # As text: to Python, 1, 1.0 and true are the same.
                same = json.dumps(now_body, sort_keys=True) == json.dumps(then_body, sort_keys=True)
                return "" if same else f"body\n{difference(_rows(then_body), _rows(now_body))}"
        return (
            ""
            if content == recorded.encode()
            else f"body\n{difference(recorded.splitlines(), _decoded(content).splitlines())}"
        )


def masked(credential: str) -> str:
    """A credential as it may be told: labels as they are, anything else by its scheme and its hash."""
    if is_label(credential):
        return credential
    scheme, _, value = credential.rpartition(" ")
    if scheme == "Basic":
        with contextlib.suppress(ValueError):
            name, _, label = base64.b64decode(value, validate=True).decode().partition(":")
            if is_label(labelled := f"Basic <{name}:{label[1:-1]}>") and label == f"<{label[1:-1]}>":
                return labelled
    return f"{scheme} (not a label, sha256:{hashlib.sha256(value.encode()).hexdigest()[:8]})".strip()


def _decoded(content: bytes) -> str:
    if not content:
        return "(nothing)"
    try:
        return content.decode()
    except UnicodeDecodeError:
        return str(Fingerprint.of(content, exact=True))


def _rows(value: Any) -> list[str]:
    return (
        value
        if isinstance(value, list) and all(isinstance(row, str) for row in value)
        else json.dumps(value, indent=1, ensure_ascii=False, default=str).splitlines()
    )


def difference(then: list[str], now: list[str]) -> str:
    """The changed rows with a little around them: `-` as recorded or promised, `+` as it is now."""
    rows = [row for row in list(difflib.unified_diff(then, now, lineterm="", n=1))[2:] if not row.startswith("@@")]
    return "\n".join(rows[:_MOST_ROWS] + ["…"] * (len(rows) > _MOST_ROWS))
