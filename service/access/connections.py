"""HTTP connections that must send the head of a request in time; uvicorn itself only limits its size."""

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIMEOUT_S: Final = 10.0
"""From connecting, or the first byte of a further request, to the end of the head."""

MAX_HEAD_BYTES: Final = 16 * 1024
"""Request line and headers together."""

KEEP_ALIVE_S: Final = 5
"""Wait for a further request on a connection."""


class GuardedProtocol(H11Protocol):
    """Closes a connection whose next request has no whole head in time."""

    head_timeout_s = HEAD_TIMEOUT_S
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The clock starts with the connection."""
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """The clock stops once the parser has a whole head."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_timeout_s, self._give_up)

    def _give_up(self) -> None:
        self._head_timer = None
        # A request that is being answered is waited for; with none, there is only an unfinished head.
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
