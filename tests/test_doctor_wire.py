"""Breaks the way to the server on loopback, as TLS, proxies and networks break: all of it is simulated."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from doctor_recorded import Got, Reply, ids, replay, serving, settings
from mlflow_gitlab.doctor import examine
from mlflow_gitlab.doctor.examination import NINE, Examination

TOKEN = "glpat-" + "t" * 20
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass(frozen=True)
class Authority:
    """An authority of certificates that nobody trusts.

    Attributes:
        folder: Where its files are.
        key: Its key.
        certificate: Its certificate.
    """

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def bundle(self) -> Path:
        """The file that makes it trusted."""
        path = self.folder / "authority.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, name: str = "127.0.0.1", first: int = -1, last: int = 1) -> ssl.SSLContext:
        """A server's side, with a certificate for a name that holds from one day to another, counted from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            subject = x509.DNSName(name)
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + first * DAY)
            .not_valid_after(now + last * DAY)
            .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"server-{name}-{first}-{last}.pem"
        plain = serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme's own authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                key_cert_sign=True,
                crl_sign=True,
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    return Authority(tmp_path_factory.mktemp("authority"), key, certificate)


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def only(found: Examination, kind: str) -> str:
    """What shows the one finding."""
    assert ids(found) == [kind]
    assert found.answers == ()
    (finding,) = found.findings
    assert finding.evidence.request == "GET /metadata"
    assert TOKEN not in str(found.findings)
    return finding.evidence.body


def test_a_private_authority_that_is_named(authority: Authority) -> None:
    with serving(replay("developer"), authority.server()) as server:
        assert ids(examine(settings(url=server.url, ca_bundle=authority.bundle))) == []
    assert len(server.got) == len(NINE)


def test_the_named_authority_wins_over_the_one_of_requests(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(Path(certifi.where()).read_text("utf-8"), "utf-8")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with serving(replay("developer"), authority.server()) as server:
        assert ids(examine(settings(url=server.url, ca_bundle=authority.bundle))) == []
        assert ids(examine(settings(url=server.url))) == ["certificate-not-trusted"]


def test_a_private_authority_that_is_not_named(authority: Authority) -> None:
    with serving(replay("developer"), authority.server()) as server:
        seen = only(examine(settings(url=server.url, token=TOKEN)), "certificate-not-trusted")
    assert seen == "certificate verify failed: unable to get local issuer certificate"
    assert server.got == []


@pytest.mark.parametrize(
    ("first", "last", "said"), [(-9, -2, "certificate has expired"), (2, 9, "certificate is not yet valid")]
)
def test_a_certificate_out_of_its_days(authority: Authority, first: int, last: int, said: str) -> None:
    with serving(replay("developer"), authority.server(first=first, last=last)) as server:
        found = examine(settings(url=server.url, ca_bundle=authority.bundle, token=TOKEN))
    assert said in only(found, "certificate-expired")


@pytest.mark.parametrize(("name", "host"), [("gitlab.example.com", "127.0.0.1"), ("127.0.0.1", "localhost")])
def test_a_certificate_of_another_host(authority: Authority, name: str, host: str) -> None:
    with serving(replay("developer"), authority.server(name)) as server:
        url = server.url.replace("127.0.0.1", host)
        found = examine(settings(url=url, ca_bundle=authority.bundle, token=TOKEN))
    assert f"certificate is not valid for '{host}'" in only(found, "certificate-other-host")


def test_a_server_that_does_not_encrypt(authority: Authority) -> None:
    with serving(replay("developer")) as server:
        url = server.url.replace("http:", "https:")
        assert only(examine(settings(url=url, ca_bundle=authority.bundle, token=TOKEN)), "tls-fails")


@pytest.mark.parametrize(
    "content",
    ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"],
)
def test_a_file_of_certificates_that_is_none(tmp_path: Path, content: str) -> None:
    bundle = tmp_path / "acme.pem"
    bundle.write_text(content, "utf-8")
    with serving(replay("developer")) as server:
        found = examine(settings(url=server.url, ca_bundle=bundle))
    assert ids(found) == ["ca-file-unusable"]
    assert str(bundle) in found.findings[0].fix
    assert found.findings[0].evidence.body.startswith(f"{bundle} (argument): ")
    assert server.got == []


def test_a_file_of_certificates_that_is_gone(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/acme.pem")
    with serving(replay("developer"), authority.server()) as server:
        found = examine(settings(url=server.url))
    assert ids(found) == ["ca-file-unusable"]
    assert "/nowhere/acme.pem" in found.findings[0].evidence.body


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = examine(settings(url="https://gitlab.exmaple.com", token=TOKEN))
    assert only(found, "host-unknown") == "Name or service not known"
    assert "gitlab.exmaple.com" in found.findings[0].fix


def test_a_port_on_which_nobody_listens() -> None:
    found = examine(settings(url=f"http://127.0.0.1:{free_port()}", token=TOKEN))
    assert only(found, "host-unreachable") == "Connection refused"


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow_gitlab.doctor.examination._PATIENCE", 0.05)
    with silent() as port:
        found = examine(settings(url=f"http://127.0.0.1:{port}", token=TOKEN))
    assert "timed out" in only(found, "timeout")


def test_a_connection_that_is_cut() -> None:
    with serving(lambda _: None) as server:
        assert only(examine(settings(url=server.url, token=TOKEN)), "connection-cut")


def test_an_answer_that_is_cut() -> None:
    with serving(lambda _: Reply(200, '{"vers', {"Content-Length": "1000"})) as server:
        assert only(examine(settings(url=server.url, token=TOKEN)), "connection-cut")


def test_a_connection_that_is_cut_later_keeps_what_was_answered() -> None:
    as_recorded = replay("reporter")

    def cut(got: Got) -> Reply | None:
        return None if "/packages" in got.path else as_recorded(got)

    with serving(cut) as server:
        found = examine(settings(url=server.url), client="3.17.2")
    assert ids(found) == ["connection-cut", "role-too-low"]
    assert len(found.answers) == 7


# --- Proxies ---------------------------------------------------------------------------------------------------------


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http:/" + f"/me:s3cret-password@127.0.0.1:{free_port()}")
    found = examine(settings(url="https://gitlab.example.com", token=TOKEN))
    assert only(found, "proxy-fails") == "Connection refused"
    assert "NO_PROXY=gitlab.example.com" in found.findings[0].fix
    assert "s3cret" not in str(found.findings)


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with serving(lambda _: Reply(status, "")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        found = examine(settings(url="https://gitlab.example.com", token=TOKEN))
    assert str(status) in only(found, "proxy-fails")
    assert [one.method for one in proxy.got] == ["CONNECT"]
    assert not any("Authorization" in one.headers for one in proxy.got)


def test_a_proxy_that_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with serving(replay("developer")) as server:
        assert ids(examine(settings(url=server.url))) == ["proxy-fails"]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert ids(examine(settings(url=server.url))) == []


def test_no_answer_takes_longer_than_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def noted(*_: object, timeout: float, **__: object) -> None:
        given.append(timeout)
        raise requests.ConnectTimeout("timed out")

    monkeypatch.setattr(requests.Session, "request", noted)
    for seconds in (5, 120):
        assert ids(examine(settings(timeout=seconds), clock=time.time)) == ["timeout"]
    assert given == [5, 30]
