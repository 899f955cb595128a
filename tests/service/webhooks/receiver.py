"""A web server of this machine that notes what it is sent."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Answers with the statuses of `script` one after the other, then with 204."""

    port: int
    script: list[int]
    requests: "SimpleQueue[Received]" = field(default_factory=SimpleQueue)

    def next(self) -> Received:
        """The next request; waits for it."""
        return self.requests.get(timeout=120)


@contextmanager
def receiving(script: Sequence[int] = (), tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.script.pop(0) if receiver.script else 204
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            receiver.requests.put(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver = Receiver(server.server_address[1], list(script))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
