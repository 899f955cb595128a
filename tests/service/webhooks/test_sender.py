"""A call goes to the very address that was checked, and nowhere from there."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.webhooks.address import AddressRefusedError, parse_networks
from service.webhooks.sender import Sender
from tests.service.webhooks.receiver import receiving

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")


def post(sender: Sender, url: str, body: bytes = b"{}") -> int:
    """One call."""
    return asyncio.run(sender.post(url, body, {"webhook-id": "1"}))


def test_body_and_headers_arrive_under_the_name_that_was_given() -> None:
    with receiving() as receiver:
        url = f"http://localhost:{receiver.port}/hook?tenant=7#part"
        assert post(Sender(LOOPBACK), url, b'{"a": 1}') == 204
        request = receiver.next()
    assert request.path == "/hook?tenant=7"
    assert request.body == b'{"a": 1}'
    assert request.headers["host"] == f"localhost:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "1"
    assert request.headers["user-agent"].startswith("vericlip/")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_inside_is_not_called(host: str) -> None:
    with receiving() as receiver:
        with pytest.raises(AddressRefusedError):
            post(Sender(), f"http://{host}:{receiver.port}/")
        assert receiver.requests.empty()


def test_redirect_is_not_followed() -> None:
    with receiving(script=[302]) as receiver:
        assert post(Sender(LOOPBACK), f"http://127.0.0.1:{receiver.port}/") == 302
        receiver.next()
        assert receiver.requests.empty()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiving() as receiver:
        assert post(Sender(LOOPBACK), f"http://127.0.0.1:{receiver.port}/") == 204


def test_silent_receiver_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises((TimeoutError, httpx.TimeoutException)):
        post(Sender(LOOPBACK, timeout_s=0.2), f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    certificate = _certificate_for("localhost", tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    with receiving(tls=serving) as receiver:
        sender = Sender(LOOPBACK, tls=trusting)
        assert post(sender, f"https://localhost:{receiver.port}/") == 204
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            post(sender, f"https://127.0.0.1:{receiver.port}/")
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            post(Sender(LOOPBACK), f"https://localhost:{receiver.port}/")


def _certificate_for(name: str, folder: Path) -> Path:
    """A key and a self-signed certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
