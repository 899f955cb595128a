"""A real S3 server on this machine, in a process of its own: moto, which speaks the protocol over HTTP."""

import socket
import subprocess
import sys
from types import TracebackType
from typing import Final, Self

import httpx
import s3fs

from tests.service.running import eventually

BUCKET: Final = "clips"


class ObjectStore:
    """Started on entering, with one empty bucket; gone with all its objects on leaving."""

    def __init__(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = int(found.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which any S3 client finds it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, "the S3 server")
        self._client = s3fs.S3FileSystem(
            key="test", secret="test", endpoint_url=self.endpoint, use_listings_cache=False, skip_instance_cache=True
        )
        self._client.mkdir(BUCKET)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def keys(self) -> list[str]:
        """Names of all objects in the bucket."""
        return sorted(self._client.find(BUCKET))

    def _answers(self) -> bool:
        assert self._process.poll() is None
        try:
            return httpx.get(f"{self.endpoint}/moto-api/", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
