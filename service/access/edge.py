"""What stands around the whole application: security headers on every response, and no patience for slow bodies."""

import asyncio
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract.problems import ProblemError
from service.settings import Settings

CSP: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS: Final = "max-age=31536000"
BODY_GRACE_S: Final = 30.0
"""Before the average rate of a body counts."""

EXPOSED: Final = ("Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def install(app: FastAPI, settings: Settings) -> None:
    """Put the guards around an application; the last one added is the outermost."""
    app.add_middleware(
        SlowBodies,
        idle_s=settings.upload_idle_s,
        bytes_per_s=settings.upload_bytes_per_s,
        grace_s=BODY_GRACE_S,
    )
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Prefer", "Idempotency-Key", "Last-Event-ID", "Range"],
            expose_headers=EXPOSED,
            max_age=600,
        )
    app.add_middleware(SecurityHeaders, cross_origin=bool(settings.allowed_origins))


class SecurityHeaders:
    """Adds the headers above where a response has none of that name, and those of the rate limit."""

    def __init__(self, app: ASGIApp, cross_origin: bool = False) -> None:
        self._app = app
        # Without this, a browser keeps answers from the very pages that CORS lets in, where they are embedded.
        self._headers = HEADERS | ({"Cross-Origin-Resource-Policy": "cross-origin"} if cross_origin else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with more headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Filled in by whoever checks the key, further in.
        scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**self._headers, **scope["state"].get("rate_headers", {})}.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", HSTS)
                # Answers are private; files of the page and media say for themselves how long they keep.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class SlowBodies:
    """Refuses bodies that pause for more than `idle_s` or, after `grace_s`, come at less than `bytes_per_s`.

    Header lines are guarded one step earlier, in `service.access.connections`.
    """

    def __init__(self, app: ASGIApp, idle_s: float, bytes_per_s: int, grace_s: float) -> None:
        self._app = app
        self._idle_s, self._bytes_per_s, self._grace_s = idle_s, bytes_per_s, grace_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with a body that is either quick or an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        began, received, ended = loop.time(), 0, False

        async def receive_in_time() -> Message:
            nonlocal received, ended
            if ended:  # from now on it waits for the client to hang up, which may take for ever
                return await receive()
            allowed_s = min(self._idle_s, began + self._grace_s + received / self._bytes_per_s - loop.time())
            try:
                async with asyncio.timeout(max(0.0, allowed_s)):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(self._bytes_per_s, self._idle_s) from None
            received += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)


def _too_slow(bytes_per_s: int, idle_s: float) -> ProblemError:
    detail = (
        f"The body came too slowly: less than {bytes_per_s:,} bytes a second, or nothing for {idle_s:g} s. "
        "Send it again over a better connection."
    )
    return ProblemError("too_slow", detail, {"Connection": "close"})
