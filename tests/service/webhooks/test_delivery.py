"""Whoever asked for a callback is called once the analysis has ended, however it ended and whatever failed between."""

import json
from uuid import UUID, uuid4

import pytest

from service.client import RefusedError
from service.webhooks.signing import signed_headers
from tests.service.conftest import WEBHOOK_SECRET
from tests.service.desk import Desk, some_clip
from tests.service.running import RunningService, eventually
from tests.service.webhooks.receiver import Received, receiving

pytestmark = pytest.mark.xdist_group("service")


def ended(desk: Desk, analysis_id: UUID) -> tuple[int, str]:
    """Attempts and outcome of the analysis's only webhook, once it is delivered or given up."""
    sql = f"SELECT attempts, outcome FROM webhooks WHERE analysis_id = '{analysis_id}' AND ended_at IS NOT NULL"
    attempts, outcome = eventually(lambda: desk.query(sql), "the end of the webhook")[0]
    return attempts, outcome


def assert_signed(request: Received) -> None:
    """The signature is that of the service's secret."""
    headers = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    again = signed_headers(WEBHOOK_SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), request.body)
    assert headers == again


def test_result_is_posted_signed(desk: Desk) -> None:
    with receiving() as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        analysis_id = client.analyze(some_clip(), callback_url=url).analysis_id
        desk.finish(analysis_id)
        request = receiver.next()
        assert request.path == "/hook"
        assert_signed(request)
        assert json.loads(request.body) == desk.http.get(f"/status/{analysis_id}").json()
        assert ended(desk, analysis_id) == (1, "HTTP 204")
        assert receiver.requests.empty()


@pytest.mark.parametrize("how", ["fail", "cancel"])
def test_failure_and_cancellation_are_told_too(desk: Desk, how: str) -> None:
    with receiving() as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/"
        analysis_id = client.analyze(some_clip(), callback_url=url).analysis_id
        if how == "fail":
            desk.fail(analysis_id)
        else:
            client.cancel(analysis_id)
        assert json.loads(receiver.next().body)["status"] == {"fail": "error", "cancel": "cancelled"}[how]


def test_receiver_in_trouble_is_called_again_under_the_same_id(desk: Desk) -> None:
    with receiving(script=[500, 302]) as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/"
        analysis_id = client.analyze(some_clip(), callback_url=url).analysis_id
        desk.finish(analysis_id)
        requests = [receiver.next() for _ in range(3)]
        assert ended(desk, analysis_id) == (3, "HTTP 204")
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    for request in requests:
        assert_signed(request)


def test_receiver_that_never_thanks_is_given_up(desk: Desk) -> None:
    with receiving(script=[503] * 9) as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/"
        analysis_id = client.analyze(some_clip(), callback_url=url).analysis_id
        desk.finish(analysis_id)
        assert ended(desk, analysis_id) == (3, "HTTP 503")


def test_receiver_that_is_gone_is_not_called_again(desk: Desk) -> None:
    with receiving(script=[410]) as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/"
        analysis_id = client.analyze(some_clip(), callback_url=url).analysis_id
        desk.finish(analysis_id)
        assert ended(desk, analysis_id) == (1, "HTTP 410")


def test_private_networks_are_refused_when_they_are_named(desk: Desk) -> None:
    with desk.client() as client:
        for url in ("http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "ftp://127.0.0.1/", "nonsense"):
            with pytest.raises(RefusedError) as raised:
                client.analyze(some_clip(), callback_url=url)
            assert raised.value.problem.code == "callback_refused"


def test_off_by_default(idle_service: RunningService) -> None:
    files = {"file": ("x.mp4", some_clip())}
    response = idle_service.http.post("/analyze?callback_url=https://example.org/", files=files)
    assert response.status_code == 422
    assert response.json()["code"] == "callback_refused"


def test_clip_that_is_used_again_calls_again(desk: Desk) -> None:
    clip = some_clip()
    with receiving() as receiver, desk.client() as client:
        url = f"http://127.0.0.1:{receiver.port}/"
        analysis_id = client.analyze(clip, callback_url=url).analysis_id
        desk.finish(analysis_id)
        receiver.next()
        ended(desk, analysis_id)
        key = str(uuid4())
        assert client.analyze(clip, callback_url=url, idempotency_key=key).analysis_id == analysis_id
        receiver.next()
        ended(desk, analysis_id)
        client.analyze(clip, callback_url=url, idempotency_key=key)
        assert ended(desk, analysis_id) == (1, "HTTP 204")
        assert receiver.requests.empty()


def test_erased_analysis_calls_nobody(desk: Desk) -> None:
    with desk.client() as client:
        analysis_id = client.analyze(some_clip(), callback_url="http://127.0.0.1:9/").analysis_id
        client.erase(analysis_id)
    assert desk.query(f"SELECT count(*) FROM webhooks WHERE analysis_id = '{analysis_id}'") == [(0,)]
