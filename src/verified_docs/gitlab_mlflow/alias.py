"""Gives a scratch project on somebody's GitLab the names that it has in every recording, and takes out its secrets."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from verified_docs.gitlab_mlflow.stable import is_secret, secret_label
from verified_docs.leaks import is_label

HOST = "gitlab.example.com"
GROUP = "acme"
NAME = "wine-quality"
PROJECT = 42
# As it is, inside JSON whose slashes are escaped, and inside another address.
_FORMS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.replace("/", "\\/"),
    lambda text: quote(text, safe=""),
)
# What would make it the name of another host or project.
_STARTS, _ENDS = r"(?<![\w.-])", r"(?![-\w]|\.(?!git\b)\w)"


# Where the client's machine is on the network is nobody's business.
_LOCAL = "127.0.0.1"


class Unlabelled(ValueError):
    """A credential went over the wire that nobody gave a label; its value is in no message."""


class Alias:
    """The replacements of one recording: addresses, project, group, tokens.

    Tokens that the server makes up while the recording runs are learned from its answers. Nothing is written before it
    went through here.

    Args:
        names: `url` of the GitLab, `id`, `path`, and `mark` (the description) of the scratch project.
        labels: Each secret that was handed to the example, with its label.
    """

    def __init__(self, names: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._mark = names["mark"]
        self._id = names["id"]
        self._path = names["path"]
        self._group, _, name = self._path.rpartition("/")
        address = urlsplit(names["url"])
        host = address.hostname or address.netloc
        self._words: list[tuple[re.Pattern[str], str]] = []
        for old, new, ends in (
            (names["url"], f"https://{HOST}", _ENDS),
            (address.netloc, HOST, _ENDS),
            # An address of four numbers may also be the client's.
            (f"git@{host}" if _is_number(host) else host, f"git@{HOST}" if _is_number(host) else HOST, _ENDS),
            # What an example calls after its project has these in it.
            (self._path, f"{GROUP}/{NAME}", ""),
            (f"{self._group} / {name}", f"{GROUP} / {NAME}", ""),
            (name, NAME, ""),
        ):
            for form in dict.fromkeys((each(old), each(new)) for each in _FORMS):
                self._words.append((re.compile(_STARTS + re.escape(form[0]) + ends, re.I), form[1]))
        # What urllib3 says of a server that it gives up on.
        pool = rf"HTTPS?ConnectionPool\(host='(?:{re.escape(HOST)}|{re.escape(host)})', port=\d+\)"
        for pattern, new in (
            (pool, f"HTTPSConnectionPool(host='{HOST}', port=443)"),
            (rf"(?<=/projects/){self._id}(?!\d)", str(PROJECT)),
            (rf"(?<=%2Fprojects%2F){self._id}(?!\d)", str(PROJECT)),
            (rf"(?<=gid://gitlab/Project/){self._id}(?!\d)", str(PROJECT)),
            (rf"(?<=/groups/){re.escape(self._group)}(?![\w.-])", GROUP),
            (rf"(?<=/groups/){re.escape(quote(self._group, safe=''))}(?![\w.-])", GROUP),
        ):
            self._words.append((re.compile(pattern), new))

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret that is known by now."""
        return frozenset(self._labels)

    def text(self, text: str) -> str:
        """A text of any kind, JSON or not, with every known name and secret replaced."""
        text = self._json(text)
        for secret in sorted(self._labels, key=len, reverse=True):
            text = text.replace(secret, self._labels[secret])
        for pattern, new in self._words:
            text = pattern.sub(lambda _, value=new: value, text)  # type: ignore[misc]
        return text

    def content(self, content: bytes) -> bytes:
        """The bytes of a body; what is no text stays as it is.

        Raises:
            Unlabelled: Bytes that are no text hold a secret.
        """
        try:
            return self.text(content.decode()).encode()
        except UnicodeDecodeError:
            if any(secret.encode() in content for secret in self._labels):
                raise Unlabelled("a file that is no text holds a token") from None
            return content

    def credential(self, value: str, labelled: Callable[[str], str]) -> str:
        """The value of a header that carries a credential, as a label.

        Args:
            value: What was sent.
            labelled: Knows the tokens that nobody ever issued.

        Raises:
            Unlabelled: It is none of the known tokens.
        """
        scheme, _, secret = value.rpartition(" ")
        if scheme == "Basic":
            try:
                user, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
            except ValueError:
                raise Unlabelled("a Basic credential is not base64") from None
            label = self._labels.get(password, "")
            shown = f"Basic <{user}:{label[1:-1]}>"
        else:
            shown = f"{scheme} {self._labels.get(secret, secret)}".strip()
        if not is_label(labelled(shown)):
            raise Unlabelled("the example sends a credential that it was not given")
        return shown

    def _json(self, text: str) -> str:
        if text[:1] not in {"{", "["}:
            return text
        try:
            document = json.loads(text)
        except ValueError:
            return text
        replaced = self._value("", document)
        if replaced == document:
            return text
        # GitLab writes no blanks, the client does.
        return json.dumps(replaced, ensure_ascii=False, separators=(", ", ": ") if '": ' in text else (",", ":"))

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        if isinstance(value, dict):
            return {name: self._value(name, item) for name, item in self._own(value).items()}
        if isinstance(value, str) and key.endswith(("_ip", "_ips")):
            return _LOCAL
        if isinstance(value, str) and is_secret(key, value):
            label = secret_label(key, value)
            self._labels.setdefault(value, label)
            return label
        return value

    def _own(self, row: dict[str, Any]) -> dict[str, Any]:
        """An object of the scratch project, or of its group, with the names of the recordings."""
        changed: dict[str, Any] = {}
        if "path_with_namespace" in row and str(row.get("id")) == self._id:
            changed["id"] = PROJECT
            if row.get("description") == self._mark:
                changed["description"] = None
            if row.get("description_html"):
                changed["description_html"] = ""
        if str(row.get("project_id")) == self._id:
            changed["project_id"] = type(row["project_id"])(PROJECT)
        if row.get("resource_type") == "project" and str(row.get("resource_id")) == self._id:
            changed["resource_id"] = type(row["resource_id"])(PROJECT)
        if row.get("full_path") == self._group:
            known = {"name": GROUP, "path": GROUP, "full_path": GROUP, "full_name": GROUP}
            changed |= {name: value for name, value in known.items() if name in row}
        return {name: changed.get(name, value) for name, value in row.items()}


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
