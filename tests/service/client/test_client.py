"""The client turns answers into values, and what goes wrong into exceptions."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from service.api.examples import COMPLETE, QUEUED, RUNNING
from service.client import (
    AccessError,
    AnalysisFailedError,
    BusyError,
    Client,
    NotFoundError,
    RefusedError,
    UnreachableError,
    WaitedTooLongError,
)
from service.client.following import sse_fields
from service.contract.problems import ProblemDetails
from service.contract.schemas import Status
from tests.service.desk import Desk, some_clip

Answer = Callable[[httpx.Request], httpx.Response]


def scripted(*answers: httpx.Response | Exception, tries: int = 3) -> tuple[Client, list[httpx.Request], list[float]]:
    """A client whose service answers as told, one after the other; what it asked, and how long it paused."""
    left, asked, pauses = list(answers), list[httpx.Request](), list[float]()

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        asked.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    client = Client(api_key="vc_1_secret", tries=tries, transport=httpx.MockTransport(answer), sleep=pauses.append)
    return client, asked, pauses


def problem(code: str, **headers: str) -> httpx.Response:
    """A problem as the service answers it."""
    details = ProblemDetails.of(code, "For a reason.")
    return httpx.Response(details.status, content=details.model_dump_json(), headers=headers)


def test_key_and_options_are_sent() -> None:
    client, (asked,), _ = _after(
        lambda client: client.analyze(b"clip", scan="full", wait_s=5), httpx.Response(202, json=QUEUED)
    )
    assert asked.headers["authorization"] == "Bearer vc_1_secret"
    assert asked.headers["prefer"] == "wait=5"
    assert asked.url.params["scan"] == "full"
    assert b'name="file"' in asked.content
    client.close()


def _after(
    work: Callable[[Client], object], *answers: httpx.Response | Exception
) -> tuple[Client, list[httpx.Request], list[float]]:
    client, asked, pauses = scripted(*answers)
    work(client)
    return client, asked, pauses


def test_lost_answer_is_asked_for_again_under_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"clip")
    lost = httpx.ReadError("connection reset")
    _, asked, _ = _after(lambda client: client.analyze(path), lost, lost, httpx.Response(202, json=QUEUED))
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert all(b"clip" in request.content for request in asked)


def test_busy_service_is_asked_again_after_the_time_it_names() -> None:
    busy = problem("queue_full", **{"Retry-After": "7"})
    _, asked, pauses = _after(lambda client: client.analyze(b"clip"), busy, httpx.Response(202, json=QUEUED))
    assert len(asked) == 2
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("unauthorized", AccessError),
        ("forbidden", AccessError),
        ("not_found", NotFoundError),
        ("too_large", RefusedError),
    ],
)
def test_refusals_are_not_asked_again(code: str, kind: type[RefusedError]) -> None:
    client, asked, pauses = scripted(problem(code))
    with pytest.raises(kind, match="For a reason") as raised:
        client.status(uuid4())
    assert raised.value.problem.code == code
    assert (len(asked), pauses) == (1, [])


def test_patience_has_an_end() -> None:
    client, asked, _ = scripted(*[problem("rate_limited", **{"Retry-After": "1"})] * 3)
    with pytest.raises(BusyError) as raised:
        client.status(uuid4())
    assert raised.value.retry_after_s == 1
    assert len(asked) == 3
    client, _, _ = scripted(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(UnreachableError):
        client.status(uuid4())


def test_answer_of_some_other_server_is_an_error_too() -> None:
    client, _, _ = scripted(httpx.Response(502, text="<html>Bad Gateway</html>"), tries=1)
    with pytest.raises(RefusedError, match="Bad Gateway"):
        client.status(uuid4())


def test_waiting_ends_with_the_result_or_the_reason() -> None:
    client, asked, _ = scripted(httpx.Response(200, json=RUNNING), httpx.Response(200, json=COMPLETE))
    done = client.wait(uuid4())
    assert done.result is not None
    assert done.result.verdict == "Deepfake"
    assert all(request.headers["prefer"].startswith("wait=") for request in asked)
    failed = {**RUNNING, "status": "error", "error": ProblemDetails.of("too_long", "Cut it.").model_dump()}
    client, _, _ = scripted(httpx.Response(200, json=failed))
    with pytest.raises(AnalysisFailedError, match="too_long: Cut it"):
        client.wait(uuid4())
    client, _, _ = scripted()
    with pytest.raises(WaitedTooLongError):
        client.wait(uuid4(), timeout_s=0)


def test_events_go_on_after_a_lost_connection() -> None:
    first = f"retry: 2000\n: ping\n\nevent: progress\ndata: {_json(RUNNING)}\nid: 7\n\n"
    last = f"event: complete\ndata: {_json(COMPLETE)}\nid: 9\n\n"
    client, asked, _ = scripted(
        httpx.Response(200, text=first), httpx.ConnectError("refused"), httpx.Response(200, text=last)
    )
    events = list(client.events(uuid4()))
    assert [(event.id, event.name) for event in events] == [("7", "progress"), ("9", "complete")]
    assert events[-1].analysis.result is not None
    assert [request.headers.get("last-event-id") for request in asked] == [None, "7", "7"]


def test_nothing_new_is_no_event() -> None:
    client, _, _ = scripted(httpx.Response(204))
    assert list(client.events(uuid4(), after="9")) == []
    client, _, _ = scripted(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(UnreachableError):
        list(client.events(uuid4()))
    client, _, _ = scripted(problem("not_found"))
    with pytest.raises(NotFoundError):
        list(client.events(uuid4()))


def test_fields_of_an_event_are_read_as_the_standard_says() -> None:
    lines = ["event:a", "data: 1", "", ": comment", "", "id: 2", "data:  2", "", "data: cut off"]
    assert list(sse_fields(lines)) == [{"event": "a", "data": "1"}, {"id": "2", "data": " 2"}]


@pytest.mark.xdist_group("service")
def test_client_and_service_understand_each_other(desk: Desk) -> None:
    with desk.client(tries=2) as client:
        analysis_id = client.analyze(some_clip(), filename="two words.mp4").analysis_id
        assert client.status(analysis_id).filename == "two words.mp4"
        desk.finish(analysis_id)
        assert [event.name for event in client.events(analysis_id)] == ["complete"]
        assert client.wait(analysis_id).status is Status.COMPLETE
        assert client.cancel(analysis_id) is None
        with pytest.raises(NotFoundError):
            client.status(analysis_id)


def _json(body: object) -> str:
    return httpx.Response(200, json=body).text
