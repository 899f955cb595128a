"""Receivers can tell who sent a webhook, and when."""

import base64
import hashlib
import hmac

import pytest

from service.webhooks.signing import key_of, signed_headers

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of plain secret").decode()


def test_signature_covers_id_time_and_body() -> None:
    headers = signed_headers(SECRET, "msg_1", 1_700_000_000, b'{"status": "complete"}')
    expected = hmac.new(
        b"thirty-two bytes of plain secret", b'msg_1.1700000000.{"status": "complete"}', hashlib.sha256
    ).digest()
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


@pytest.mark.parametrize(
    "other", [("msg_2", 1_700_000_000, b"{}"), ("msg_1", 1_700_000_001, b"{}"), ("msg_1", 1_700_000_000, b"[]")]
)
def test_any_change_shows(other: tuple[str, int, bytes]) -> None:
    signature = signed_headers(SECRET, "msg_1", 1_700_000_000, b"{}")["webhook-signature"]
    assert signed_headers(SECRET, *other)["webhook-signature"] != signature


def test_secret_without_prefix_is_taken_as_it_is() -> None:
    assert key_of("open sesame") == b"open sesame"
    with pytest.raises(ValueError, match="base64"):
        key_of("whsec_***")
