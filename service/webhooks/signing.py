"""Signatures after the Standard Webhooks specification, for which receivers find libraries in many languages.

`webhook-signature: v1,BASE64` is HMAC-SHA256 over `ID.TIMESTAMP.BODY`, with the headers `webhook-id` and
`webhook-timestamp` (whole seconds since 1970). Receivers refuse old timestamps, and ids that they have seen.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """The bytes of a secret: what follows `whsec_` in base64, or else its text itself.

    Raises:
        ValueError: what follows is not base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret that begins with whsec_ goes on in base64") from error


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sent `body`, and when."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
