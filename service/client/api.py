"""The client itself."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

import httpx

from service.client.errors import AnalysisFailedError, UnreachableError, WaitedTooLongError, refusal_of
from service.client.following import Event, sse_fields
from service.contract.schemas import AnalysisPage, AnalysisStatus, AnalysisSummary, BatchAnswer, RefusedItem, Status

RETRIED: Final = frozenset({408, 429, 502, 503, 504})
LONGEST_PAUSE_S: Final = 60.0
LONG_POLL_S: Final = 20


class Client:
    """Talks to one service. Requests that can be repeated without harm are, when the service is away or busy.

    `transport` replaces the network, for those who run the application in their own process.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        tries: int = 3,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key is not None else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s, transport=transport)
        self._tries = tries
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def analyze(
        self,
        clip: Path | bytes,
        *,
        filename: str | None = None,
        wait_s: int | None = None,
        idempotency_key: str | None = None,
        **options: str | bool,
    ) -> AnalysisStatus:
        """Send a clip. `options`: scan="full", priority="low", fresh=True, callback_url=….

        A key is made up if none is given, so that a request whose answer is lost can be sent again.

        Raises:
            RefusedError: or one of its kinds.
            UnreachableError: after all tries.
        """
        name = filename or (clip.name if isinstance(clip, Path) else "clip")
        headers = {"Idempotency-Key": idempotency_key or str(uuid4()), **_prefer(wait_s)}

        def send() -> httpx.Response:
            with ExitStack() as open_files:
                content = open_files.enter_context(clip.open("rb")) if isinstance(clip, Path) else clip
                return self._http.post("/analyze", files={"file": (name, content)}, params=options, headers=headers)

        return AnalysisStatus.model_validate_json(self._tried(send).content)

    def analyze_batch(self, clips: Iterable[Path], **options: str | bool) -> list[AnalysisStatus | RefusedItem]:
        """Send several clips in one request; each comes back accepted or refused, in the order given.

        Raises:
            RefusedError: the request as a whole was refused.
            UnreachableError: after all tries.
        """
        paths, headers = list(clips), {"Idempotency-Key": str(uuid4())}

        def send() -> httpx.Response:
            with ExitStack() as open_files:
                files = [("files", (path.name, open_files.enter_context(path.open("rb")))) for path in paths]
                return self._http.post("/analyze/batch", files=files, params=options, headers=headers)

        return BatchAnswer.model_validate_json(self._tried(send).content).items

    def rerun(self, analysis_id: UUID, **options: str | bool) -> AnalysisStatus:
        """Analyse the stored clip anew."""
        headers = {"Idempotency-Key": str(uuid4())}
        response = self._asked("POST", f"/analyses/{analysis_id}/rerun", params=options, headers=headers)
        return AnalysisStatus.model_validate_json(response.content)

    def status(self, analysis_id: UUID, wait_s: int | None = None) -> AnalysisStatus:
        """How an analysis stands, or will when it has ended, `wait_s` seconds from now at the latest."""
        response = self._asked("GET", f"/status/{analysis_id}", headers=_prefer(wait_s))
        return AnalysisStatus.model_validate_json(response.content)

    def wait(self, analysis_id: UUID, timeout_s: float = 600.0) -> AnalysisStatus:
        """The complete, or cancelled, analysis.

        Raises:
            AnalysisFailedError: it ended in an error.
            WaitedTooLongError: after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            analysis = self.status(analysis_id, wait_s=max(1, min(LONG_POLL_S, int(left_s))))
            if analysis.status is Status.ERROR and analysis.error is not None:
                raise AnalysisFailedError(analysis.error)
            if analysis.status is not Status.PROCESSING:
                return analysis
        raise WaitedTooLongError(f"{analysis_id} has not ended within {timeout_s:.0f} s")

    def events(self, analysis_id: UUID, after: str | None = None) -> Iterator[Event]:
        """Every change until the end, over lost connections; `after` is the id of the last event known.

        Raises:
            RefusedError: or one of its kinds.
            UnreachableError: when no new event came in all tries.
        """
        failures = 0
        while failures < self._tries:
            try:
                for event in self._stream(analysis_id, after):
                    after, failures = event.id, 0
                    yield event
                    if event.name != "progress":
                        return
            except _AllKnownError:
                return
            except httpx.TransportError:
                pass
            failures += 1
            self._sleep(min(LONGEST_PAUSE_S, 2.0**failures))
        raise UnreachableError(f"the events of {analysis_id} cannot be followed")

    def list(self, **filters: str | datetime) -> Iterator[AnalysisSummary]:
        """Analyses, the newest first, page by page. `filters`: status, verdict, q, since, until."""
        cursor: str | None = None
        while True:
            asked = {name: _text(value) for name, value in {**filters, "cursor": cursor}.items() if value is not None}
            page = AnalysisPage.model_validate_json(self._asked("GET", "/analyses", params=asked).content)
            yield from page.items
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def cancel(self, analysis_id: UUID) -> AnalysisStatus | None:
        """End a waiting or running analysis; None where it had ended already, and is erased by this."""
        response = self._asked("DELETE", f"/analyze/{analysis_id}")
        return AnalysisStatus.model_validate_json(response.content) if response.status_code == 200 else None

    def erase(self, analysis_id: UUID) -> None:
        """Leave nothing of an analysis; a running one is cancelled first."""
        while self.cancel(analysis_id) is not None:
            pass

    def _stream(self, analysis_id: UUID, after: str | None) -> Iterator[Event]:
        headers = {"Last-Event-ID": after} if after is not None else {}
        with self._http.stream("GET", f"/status/{analysis_id}/events", headers=headers) as response:
            if response.status_code == 204:
                raise _AllKnownError
            if response.status_code != 200:
                response.read()
                raise refusal_of(response)
            for fields in sse_fields(response.iter_lines()):
                yield Event(fields["id"], fields["event"], AnalysisStatus.model_validate_json(fields["data"]))

    def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._tried(lambda: self._http.request(method, path, **more))

    def _tried(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until there is an answer that trying again would not change."""
        for left in range(self._tries - 1, -1, -1):
            try:
                response = send()
            except httpx.TransportError as error:
                if left == 0:
                    raise UnreachableError(str(error)) from error
                self._sleep(1.0)
                continue
            if response.is_success:
                return response
            refusal = refusal_of(response)
            pause_s = refusal.retry_after_s
            if left == 0 or response.status_code not in RETRIED or pause_s is None or pause_s > LONGEST_PAUSE_S:
                raise refusal
            self._sleep(pause_s)
        raise ValueError("tries must be 1 or more")


class _AllKnownError(Exception):
    """There is no event that the reader has not had."""


def _prefer(wait_s: int | None) -> dict[str, str]:
    return {} if wait_s is None else {"Prefer": f"wait={wait_s}"}


def _text(value: str | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else value
