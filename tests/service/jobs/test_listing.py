"""`GET /analyses`: pages that stay right, filters, and nobody else's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from service.access.principal import LOCAL_ADMIN, Principal
from service.contract.problems import ProblemError
from service.contract.schemas import AnalysisPage, Status
from service.database.pool import make_pool
from service.jobs.listing import Filters, list_page, make_cursor, read_cursor
from service.jobs.submission import Submission, Upload
from service.media.storage import Stored
from tests.service.desk import Desk, some_clip

pytestmark = pytest.mark.xdist_group("service")


def page(desk: Desk, asker: Principal, filters: Filters | None = None, limit: int = 50) -> AnalysisPage:
    """One page, straight from the table."""

    async def look(_: object) -> AnalysisPage:
        async with make_pool(desk.conninfo()) as pool:
            return await list_page(pool, asker, filters or Filters(), limit, None)

    return desk.work(look)


@pytest.fixture(scope="module")
def named(desk: Desk) -> dict[str, UUID]:
    """Five analyses in the order they were sent: three waiting, one complete, one cancelled."""
    mark = uuid4().hex
    with desk.client() as client:
        ids = {
            name: client.analyze(some_clip(), filename=f"{mark}-{name}.mp4").analysis_id
            for name in ("first", "50%_Off", "complete", "cancelled", "last")
        }
        desk.finish(ids["complete"])
        client.cancel(ids["cancelled"])
    return {**ids, "mark": UUID(mark)}


def test_pages_follow_each_other_while_others_are_added(desk: Desk, named: dict[str, UUID]) -> None:
    mark = named["mark"].hex
    found, cursor = [], None
    with desk.client() as client:
        for _ in range(3):
            asked = {"q": mark, "limit": "2", **({"cursor": cursor} if cursor else {})}
            answer = AnalysisPage.model_validate(desk.http.get("/analyses", params=asked).json())
            found += [item.analysis_id for item in answer.items]
            cursor = answer.next_cursor
            client.analyze(some_clip(), filename="newer.mp4")
        assert cursor is None
        assert [item.analysis_id for item in client.list(q=mark, limit="2")] == found
    assert found == [named[name] for name in ("last", "cancelled", "complete", "50%_Off", "first")]


def test_summary_tells_the_outcome(desk: Desk, named: dict[str, UUID]) -> None:
    with desk.client() as client:
        summaries = {item.analysis_id: item for item in client.list(q=named["mark"].hex)}
    complete = summaries[named["complete"]]
    assert (complete.status, complete.verdict, complete.probability) == (Status.COMPLETE, "Deepfake", 0.931)
    assert (complete.confidence, complete.duration_s, complete.early_exit) == (93.1, 2.0, False)
    assert complete.finished_at is not None
    waiting = summaries[named["first"]]
    assert (waiting.verdict, waiting.probability, waiting.finished_at) == (None, None, None)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": "complete"}, {"complete"}),
        ({"status": "cancelled"}, {"cancelled"}),
        ({"verdict": "Deepfake"}, {"complete"}),
        ({"verdict": "Authentic"}, set()),
        ({"since": "2000-01-01"}, {"first", "50%_Off", "complete", "cancelled", "last"}),
        ({"until": "2000-01-01T00:00:00Z"}, set()),
    ],
)
def test_filters(desk: Desk, named: dict[str, UUID], filters: dict[str, str], names: set[str]) -> None:
    with desk.client() as client:
        found = {item.analysis_id for item in client.list(q=named["mark"].hex, **filters)}
    assert found == {named[name] for name in names}


def test_text_is_taken_as_it_is_written_in_any_case(desk: Desk, named: dict[str, UUID]) -> None:
    mark = named["mark"].hex
    with desk.client() as client:
        assert [item.analysis_id for item in client.list(q=f"{mark}-50%_off")] == [named["50%_Off"]]
        assert list(client.list(q=f"{mark}-5_%_off")) == []
        sha256 = client.status(named["first"]).sha256
        assert [item.analysis_id for item in client.list(q=sha256[:16].upper())] == [named["first"]]


def test_times_are_inclusive(desk: Desk, named: dict[str, UUID]) -> None:
    with desk.client() as client:
        moment = client.status(named["complete"]).submitted_at
        later = moment + timedelta(milliseconds=1)
        found = [item.analysis_id for item in client.list(q=named["mark"].hex, since=moment, until=later)]
    assert found == [named["complete"]]


@pytest.mark.parametrize("bad", ["limit=0", "limit=201", "cursor=x", "cursor=YWJj", "status=odd", "q=%00", "since=x"])
def test_nonsense_is_refused(desk: Desk, bad: str) -> None:
    response = desk.http.get(f"/analyses?{bad}")
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_request"


def test_each_key_sees_its_own(desk: Desk) -> None:
    keys = (desk.key(), desk.key())
    sent = [Submission(uuid4(), Upload(Stored(uuid4().hex, 1), "x", {}), key) for key in keys]
    for each in sent:
        desk.submit_as(each)
    scopes = frozenset({"read"})
    for each, key in zip(sent, keys, strict=True):
        assert [item.analysis_id for item in page(desk, Principal(key, scopes, False)).items] == [each.analysis_id]
    assert {item.analysis_id for item in page(desk, LOCAL_ADMIN).items} >= {each.analysis_id for each in sent}


def test_cursor_is_read_back() -> None:
    moment, analysis_id = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), uuid4()
    cursor = make_cursor({"submitted_at": moment, "analysis_id": analysis_id})
    assert read_cursor(cursor) == (moment, analysis_id)
    with pytest.raises(ProblemError, match="cursor"):
        read_cursor(cursor[:-8])
