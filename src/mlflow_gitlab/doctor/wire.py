"""Says in words why no answer came: names, certificates, proxies, cut connections."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mlflow_gitlab.doctor.finding import Evidence, Finding
from mlflow_gitlab.doctor.findings import REGISTRY
from mlflow_gitlab.settings import Settings

# OpenSSL's numbers of what is wrong with a certificate.
_CERTIFICATES = {
    9: "certificate-expired",  # not valid yet
    10: "certificate-expired",
    62: "certificate-other-host",
    64: "certificate-other-host",  # an IP address
}
_CUT = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
_OBJECT = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>|\w+\(host='[^']*', port=\d+\)")


class Cut(Exception):
    """There was no answer.

    Attributes:
        finding: Why.
    """

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.id)


def unusable_authority(settings: Settings) -> Finding | None:
    """A finding where the file of certificates does not hold any."""
    if settings.ca_bundle is None:
        return None
    try:
        ssl.create_default_context(cafile=str(settings.ca_bundle))
    except (OSError, ValueError) as error:
        return _unusable(settings, f"{settings.ca_bundle} ({settings.origin('ca_bundle')}): {_words(error)}")
    return None


def _unusable(settings: Settings, seen: str, file: str | None = None) -> Finding:
    file = file or str(settings.ca_bundle)
    return _clean(settings, REGISTRY["ca-file-unusable"].found(Evidence(seen), file=file))


def _clean(settings: Settings, finding: Finding) -> Finding:
    return finding.clean(settings.redactor.text)


def trouble(error: Exception, settings: Settings, request: str) -> Finding:
    """What a request without an answer means.

    Args:
        error: What requests raised.
        settings: Where it went.
        request: Method and path.
    """
    causes = list(_causes(error))
    address = urlsplit(settings.url or "")
    kind = _kind(error, causes)
    seen = Evidence(_reason(causes), request)
    if kind == "ca-file-unusable":
        return _unusable(settings, seen.body, file="the file that REQUESTS_CA_BUNDLE names")
    finding = REGISTRY[kind].found(seen, host=address.hostname or "", place=settings.origin("url"))
    return _clean(settings, finding)


def _kind(error: Exception, causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(cause.verify_code, "certificate-not-trusted")
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy-fails"
    if any(isinstance(cause, ssl.SSLError | requests.exceptions.SSLError) for cause in causes):
        return "tls-fails"
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in causes):
        return "host-unknown"
    if isinstance(error, requests.exceptions.Timeout):
        return "timeout"
    if not isinstance(error, requests.RequestException):
        return "ca-file-unusable"
    if any(isinstance(cause, _CUT) for cause in causes):
        return "connection-cut"
    return "host-unreachable" if any(isinstance(cause, NewConnectionError) for cause in causes) else "connection-cut"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that it was made of, outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        waiting += [each for each in inner if isinstance(each, BaseException)]


def _reason(causes: list[BaseException]) -> str:
    """What the innermost cause says."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {cause.verify_message}"
    for cause in reversed(causes):
        if words := _words(cause):
            return words
    return type(causes[0]).__name__


def _words(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = _OBJECT.sub("", said).strip(" :")
    return re.sub(r"\s*\(_ssl\.c:\d+\)", "", said)
