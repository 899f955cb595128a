"""One key's streams and waits leave connections to the others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.access.held import HeldAnswers
from tests.service.access.conftest import MakeApi
from tests.service.running import eventually


def test_each_key_has_places_of_its_own_and_gets_them_back() -> None:
    held = HeldAnswers(2)
    with held.one_more("a"), held.one_more("a"):
        assert held.is_full("a")
        assert not held.is_full("b")
    assert not held.is_full("a")


def test_place_is_free_again_after_a_failure() -> None:
    held = HeldAnswers(1)
    with pytest.raises(LookupError), held.one_more(None):
        raise LookupError
    assert not held.is_full(None)


def test_stream_beyond_the_bound_is_refused_and_a_wait_answered_at_once(make_api: MakeApi) -> None:
    api = make_api(require_keys=True, max_held=1, max_wait_s=3_600)
    key_id, header = api.key()
    _, other = api.key()
    address = api.send(header).headers["Location"]
    with ThreadPoolExecutor(1) as others:
        stream = others.submit(api.client.get, f"{address}/events", headers=header)
        eventually(lambda: api.context.held.is_full(key_id), "the stream")
        refused = api.client.get(f"{address}/events", headers=header)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert "Retry-After" in refused.headers
        at_once = api.client.get(address, headers={**header, "Prefer": "wait=3600"})
        assert at_once.json()["status"] == "processing"
        assert "Preference-Applied" not in at_once.headers
        assert not api.context.held.is_full(api.key()[0])
        assert api.send(other, b"another").status_code == 202
        api.client.delete(address.replace("status", "analyze"), headers=header)
        assert "event: cancelled" in stream.result().text
    assert not api.context.held.is_full(key_id)
