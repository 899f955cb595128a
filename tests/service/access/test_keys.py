"""Who has no key, a wrong one, a revoked one or one without the scope gets nothing; a secret is nowhere to be read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from service.access.keys import TOKEN
from service.access.principal import LOCAL_ADMIN, Principal
from service.settings import Settings
from tests.service.access.conftest import Api, MakeApi
from tests.service.running import eventually

NOBODY = f"/status/{UUID(int=9)}"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_keys_are_required_beyond_loopback(host: str) -> None:
    assert Settings().replaced(host=host).keys_required


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_keys_are_not_required_on_loopback_unless_asked_for(host: str) -> None:
    assert not Settings().replaced(host=host).keys_required
    assert Settings().replaced(host=host, require_keys=True).keys_required


def test_without_required_keys_the_asker_is_the_local_admin(make_api: MakeApi) -> None:
    api = make_api()
    assert api.client.get(NOBODY).status_code == 404
    assert LOCAL_ADMIN.is_admin
    assert LOCAL_ADMIN.key_id is None


def test_key_that_is_sent_counts_even_where_none_is_required(make_api: MakeApi) -> None:
    api = make_api()
    assert api.client.get(NOBODY, headers={"X-API-Key": "vc_wrong"}).status_code == 401
    _, header = api.key("analyze")
    assert api.client.get(NOBODY, headers=header).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer vc_"},
        {"Authorization": f"Bearer vc_{'0' * 12}_{'A' * 43}"},
        {"Authorization": f"Basic vc_{'0' * 12}_{'A' * 43}"},
        {"X-API-Key": "ключ".encode()},
        {"X-API-Key": "vc_" + "x" * 5_000},
        {"X-API-Key": "vc_0' OR '1'='1_x"},
    ],
)
def test_without_a_good_key_there_is_nothing(api: Api, headers: dict[str, str]) -> None:
    answer = api.client.get(NOBODY, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_key_works_in_either_header(api: Api) -> None:
    _, header = api.key("read")
    token = header["Authorization"].removeprefix("Bearer ")
    assert TOKEN.fullmatch(token)
    assert api.client.get(NOBODY, headers=header).status_code == 404
    assert api.client.get(NOBODY, headers={"X-API-Key": token}).status_code == 404


def test_one_wrong_character_of_the_secret_is_enough(api: Api) -> None:
    _, header = api.key("read")
    last = header["Authorization"][-2]
    wrong = header["Authorization"][:-2] + ("A" if last != "A" else "B") + header["Authorization"][-1]
    assert api.client.get(NOBODY, headers={"Authorization": wrong}).status_code == 401


def test_revoked_key_fails_at_once_in_every_process(make_api: MakeApi) -> None:
    one, other = make_api(require_keys=True), make_api(require_keys=True)
    key_id, header = one.key("read")
    assert other.client.get(NOBODY, headers=header).status_code == 404
    assert one.run(one.context.keys.revoke, key_id)
    assert not one.run(one.context.keys.revoke, key_id)
    for process in (one, other):
        assert process.client.get(NOBODY, headers=header).status_code == 401


def test_stream_of_events_ends_with_its_key(make_api: MakeApi) -> None:
    api = make_api(require_keys=True, heartbeat_events_s=0.05)
    key_id, header = api.key()
    address = api.send(header).headers["Location"]
    asked = api.query("SELECT last_used_at FROM api_keys")
    with ThreadPoolExecutor(1) as others:
        stream = others.submit(api.client.get, f"{address}/events", headers=header)
        eventually(lambda: api.query("SELECT last_used_at FROM api_keys") != asked, "the stream's request")
        assert api.run(api.context.keys.revoke, key_id)
        answer = stream.result()
    assert answer.status_code == 200
    assert "event: complete" not in answer.text


def test_scopes_are_needed(api: Api) -> None:
    _, reader = api.key("read")
    _, sender = api.key("analyze")
    assert api.send(reader).json()["code"] == "forbidden"
    assert api.send(sender).status_code == 202
    assert api.client.get("/analyses", headers=sender).status_code == 403
    assert api.client.get("/analyses", headers=reader).status_code == 200
    assert api.client.delete(f"/analyze/{UUID(int=9)}", headers=reader).status_code == 403


def test_admin_may_do_everything() -> None:
    admin = Principal("k", frozenset({"admin"}), is_admin=True)
    assert admin.may("analyze")
    assert admin.may("read")
    assert admin.may_see(None)


def test_secret_is_not_in_the_database_and_use_is_noted(api: Api) -> None:
    key_id, header = api.key("read")
    secret = header["Authorization"].split("_", 2)[2]
    (row,) = api.query(f"SELECT *, encode(secret_sha256, 'escape') FROM api_keys WHERE id = '{key_id}'")
    assert secret[:20] not in repr(row)
    (key,) = [key for key in api.run(api.context.keys.list) if key.id == key_id]
    assert key.last_used_at is None
    api.client.get(NOBODY, headers=header)
    (key,) = [key for key in api.run(api.context.keys.list) if key.id == key_id]
    assert key.last_used_at is not None


def test_analysis_is_seen_by_its_key_and_by_admins_only(api: Api) -> None:
    _, owner = api.key("analyze", "read")
    _, other = api.key("analyze", "read")
    _, admin = api.key("admin")
    analysis_id = api.send(owner).json()["analysisId"]
    addresses = [f"/status/{analysis_id}", f"/report/{analysis_id}", f"/analyses/{analysis_id}/media"]
    addresses += [f"/status/{analysis_id}/events", f"/analyses/{analysis_id}/evidence"]
    for address in addresses:
        hidden = api.client.get(address, headers=other)
        assert hidden.status_code == 404
        assert hidden.json()["code"] == "not_found"
    assert api.client.delete(f"/analyze/{analysis_id}", headers=other).status_code == 404
    assert api.client.post(f"/analyses/{analysis_id}/rerun", headers=other).status_code == 404
    for reader, seen in ((owner, True), (other, False), (admin, True)):
        listed = [item["analysisId"] for item in api.client.get("/analyses", headers=reader).json()["items"]]
        assert (analysis_id in listed) == seen
        assert (api.client.get(f"/status/{analysis_id}", headers=reader).status_code == 200) == seen
    assert api.client.delete(f"/analyze/{analysis_id}", headers=owner).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/openapi.json", "/schemas/result.json"])
def test_liveness_and_description_need_no_key(api: Api, path: str) -> None:
    assert api.client.get(path).status_code in {200, 503}


def test_every_other_address_of_the_description_needs_one(api: Api) -> None:
    description = api.client.get("/openapi.json").json()
    for path, methods in description["paths"].items():
        for method in methods:
            if path not in {"/livez", "/readyz", "/schemas/{name}.json"}:
                answer = api.client.request(method, path.replace("{analysis_id}", str(UUID(int=9))))
                assert answer.status_code == 401, (method, path)


def test_rate_is_shared_by_all_processes(make_api: MakeApi) -> None:
    processes = [make_api(require_keys=True) for _ in range(2)]
    _, header = processes[0].key("read", rate_per_s=0.001, rate_burst=4)
    answers = [processes[turn % 2].client.get(NOBODY, headers=header) for turn in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 4 + [429] * 2
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["3", "2", "1", "0", "0", "0"]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 900 < int(answers[-1].headers["retry-after"]) <= 1_000
    assert answers[0].headers["ratelimit-limit"] == "4"


def test_requests_at_the_same_time_do_not_get_more_than_the_burst(make_api: MakeApi) -> None:
    processes = [make_api(require_keys=True) for _ in range(2)]
    _, header = processes[0].key("read", rate_per_s=0.001, rate_burst=5)
    seen: list[int] = []
    together = threading.Barrier(12)

    def ask(process: Api) -> None:
        together.wait()
        seen.append(process.client.get(NOBODY, headers=header).status_code)

    threads = [threading.Thread(target=ask, args=(processes[turn % 2],)) for turn in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [404] * 5 + [429] * 7


def test_bucket_fills_again(api: Api) -> None:
    key_id, header = api.key("read", rate_per_s=0.5, rate_burst=2)
    for expected in (404, 404, 429):
        assert api.client.get(NOBODY, headers=header).status_code == expected
    back = f"UPDATE api_keys SET filled_at = filled_at - interval '3 s' WHERE id = '{key_id}' RETURNING 1"
    assert api.query(back) == [(1,)]
    assert api.client.get(NOBODY, headers=header).status_code == 404


def test_one_key_does_not_spend_what_another_has(api: Api) -> None:
    _, greedy = api.key("read", rate_per_s=0.001, rate_burst=1)
    _, modest = api.key("read", rate_per_s=0.001, rate_burst=1)
    assert [api.client.get(NOBODY, headers=greedy).status_code for _ in range(3)] == [404, 429, 429]
    assert api.client.get(NOBODY, headers=modest).status_code == 404


def test_wrong_secrets_do_not_spend_the_rate_of_a_key(api: Api) -> None:
    key_id, header = api.key("read", rate_per_s=0.001, rate_burst=1)
    for _ in range(3):
        wrong = {"Authorization": f"Bearer vc_{key_id}_{'A' * 43}"}
        assert api.client.get(NOBODY, headers=wrong).status_code == 401
    assert api.client.get(NOBODY, headers=header).status_code == 404


def test_clips_a_day_are_counted_over_all_processes(make_api: MakeApi) -> None:
    processes = [make_api(require_keys=True) for _ in range(2)]
    _, header = processes[0].key(daily_clips=3)
    answers = [processes[turn % 2].send(header, b"clip %d" % turn) for turn in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].json()["code"] == "quota_exceeded"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 86_401
    _, other = processes[0].key()
    assert processes[0].send(other, b"clip 9").status_code == 202


def test_bytes_a_day_are_counted_and_what_is_refused_leaves_nothing(api: Api) -> None:
    key_id, header = api.key(daily_bytes=100)
    assert api.send(header, b"x" * 60).status_code == 202
    stored = len(api.context.store.ids())
    assert api.send(header, b"y" * 60).json()["code"] == "quota_exceeded"
    assert len(api.context.store.ids()) == stored
    assert api.query(f"SELECT clips, bytes FROM api_key_usage WHERE key_id = '{key_id}'") == [(1, 60)]
    assert api.send(header, b"z" * 40).status_code == 202


def test_quota_is_new_every_day(api: Api) -> None:
    key_id, header = api.key(daily_clips=1)
    assert [api.send(header, b"%d" % turn).status_code for turn in range(2)] == [202, 429]
    assert api.query(f"UPDATE api_key_usage SET day = day - 1 WHERE key_id = '{key_id}' RETURNING 1") == [(1,)]
    assert api.send(header, b"3").status_code == 202
