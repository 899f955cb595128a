"""One call over HTTP, to the very address that was checked."""

import asyncio
import ssl
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import httpx

from service.webhooks.address import Network, parse_url, resolve

TIMEOUT_S: Final = 15.0
"""For the whole call, whatever trickles in."""
USER_AGENT: Final = f"vericlip/{version('vericlip')}"


@dataclass(frozen=True, slots=True)
class Sender:
    """Posts bodies. `allowed` networks may be called although they are not public; `tls` says whom to trust."""

    allowed: tuple[Network, ...] = ()
    timeout_s: float = TIMEOUT_S
    tls: ssl.SSLContext | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Send, and return the HTTP status. Redirects are not followed, proxies not used, answers not read.

        Raises:
            AddressRefusedError: the address may not be called.
            httpx.HTTPError, OSError, TimeoutError: it could not be reached or did not answer.
        """
        async with asyncio.timeout(self.timeout_s):
            parsed = parse_url(url)
            address = await resolve(parsed, self.allowed)
            # The certificate is still checked against the name, and the receiver is still asked for by it.
            named = {
                "Host": parsed.netloc.decode("ascii"),
                "User-Agent": USER_AGENT,
                "Content-Type": "application/json",
            }
            async with httpx.AsyncClient(
                verify=self.tls or ssl.create_default_context(),
                trust_env=False,
                follow_redirects=False,
                timeout=self.timeout_s,
            ) as client:
                request = client.build_request(
                    "POST",
                    parsed.copy_with(host=address, fragment=None),
                    content=body,
                    headers={**named, **headers},
                    extensions={"sni_hostname": parsed.host},
                )
                response = await client.send(request, stream=True)
                await response.aclose()
                return response.status_code
