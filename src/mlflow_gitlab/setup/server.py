"""Talks to a GitLab through python-gitlab, and says in words what it refused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gitlab
import requests
from gitlab.exceptions import GitlabAuthenticationError, GitlabError, GitlabHttpError, GitlabParsingError

from mlflow_gitlab.redaction import Redactor
from mlflow_gitlab.scratch import Ask
from mlflow_gitlab.settings import Settings
from mlflow_gitlab.terminal import Refused
from verified_docs.problem import Problem

_LONGEST = 400


class _Session(requests.Session):
    """Follows no redirect: requests would send PRIVATE-TOKEN along, to whatever host the answer names."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 0
        self.last = ""
        self.answer = ""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        path = urlsplit(request.url or "").path.partition("/api/v4")[2]
        self.last, self.answer = f"{request.method} {path}", "no answer"
        response = super().send(request, **options)
        # The body of an answer that was good may hold a token.
        self.answer = str(response.status_code) if response.ok else f"{response.status_code} {_short(response.text)}"
        return response


class Server:
    """One GitLab, asked by the person who sets up, and by the bot that will log.

    Attributes:
        admin: Sends the administrator's token, as PRIVATE-TOKEN.
        redactor: Learns every token that passes here.

    Args:
        settings: Which GitLab; `url`, `project` and `admin_token` are there.
        redactor: Takes tokens out of all that is shown.
        plain_http: Whether an address without TLS is fine beyond this machine.

    Raises:
        Problem: The address has no TLS, and that is not fine.
    """

    def __init__(self, settings: Settings, redactor: Redactor, *, plain_http: bool = False) -> None:
        assert settings.url and settings.admin_token, "Settings.need has looked"
        if not plain_http and is_plain(settings.url):
            raise Problem(
                Path(settings.origin("url").split(" ")[0].split(":")[0]),
                None,
                f"{settings.url} has no TLS: everybody on the way reads your token",
                "write https://, or say --plain-http if that is what you want",
                kind="plain-http",
            )
        self.settings = settings
        self.redactor = redactor
        self._session = _Session()
        self._token = settings.admin_token.get_secret_value()
        redactor.add(self._token)
        self.admin = self._client(private_token=self._token)

    def _client(self, *, private_token: str | None = None, oauth_token: str | None = None) -> gitlab.Gitlab:
        settings = self.settings
        return gitlab.Gitlab(
            settings.url,
            private_token=private_token,
            oauth_token=oauth_token,
            ssl_verify=str(settings.ca_bundle) if settings.ca_bundle else True,
            timeout=settings.timeout,
            session=self._session,
            per_page=100,
        )

    def ask_admin(self) -> Ask:
        """Asks MLflow's part with the administrator's token, sent as MLflow sends one."""
        return _asking(self._client(oauth_token=self._token))

    def ask_rest(self) -> Ask:
        """Asks the rest of GitLab with the administrator's token, as in setup/clean_up_packages."""
        return _asking(self.admin)

    def ask_as(self, token: str) -> Ask:
        """Asks with another token, sent as MLflow sends one."""
        self.redactor.add(token)
        return _asking(self._client(oauth_token=token))

    @contextmanager
    def refusals(self, doing: str, hint: str = "") -> Iterator[None]:
        """Turns what goes wrong into one message: what, which request, which answer, and what to do.

        Args:
            doing: What is being tried, in words.
            hint: Who may do it, or what to look at.

        Raises:
            Refused: GitLab did not do it, or no answer came.
        """
        try:
            yield
        except GitlabError as error:
            what = "this does not answer as GitLab's API does" if isinstance(error, GitlabParsingError) else "refused"
            raise self._refused(doing, what, hint) from None
        except requests.exceptions.SSLError:
            hint = "name your authority's certificates in gitlab.ca_bundle; this check is never switched off"
            raise self._refused(doing, "the certificate of the server is not trusted", hint) from None
        except requests.exceptions.TooManyRedirects:
            hint = "write the address that GitLab itself uses; a token is not sent after a redirect"
            raise self._refused(doing, "the server sends you to another address", hint) from None
        except requests.exceptions.RequestException as error:
            what = f"no answer ({type(error).__name__}); GitLab may have done it, or not"
            raise self._refused(doing, what, "is the address right, and the server up?") from None

    def _refused(self, doing: str, what: str, hint: str) -> Refused:
        lines = [f"{doing}: {what}", f"  {self._session.last} -> {self._session.answer}"]
        lines += [f"  {hint}"] if hint else []
        lines.append("  When that is settled, run the same command again: it goes on from here.")
        return Refused(self.redactor.text("\n".join(lines)))


def is_plain(url: str) -> bool:
    """Whether an address sends a token without TLS beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    if host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _asking(client: gitlab.Gitlab) -> Ask:
    def ask(method: str, path: str, body: dict[str, Any] | bytes | None = None) -> tuple[int, Any]:
        try:
            answer = client.http_request(method.lower(), path, post_data=body, raw=isinstance(body, bytes))
        except (GitlabHttpError, GitlabAuthenticationError) as error:
            content = error.response_body
            return error.response_code or 0, _data(content.encode() if isinstance(content, str) else content or b"")
        return answer.status_code, _data(answer.content)

    return ask


def _data(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
