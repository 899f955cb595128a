"""The embedded PostgreSQL, its schema, and what may happen to an analysis in it."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from service.contract.problems import ProblemDetails, ProblemError
from service.contract.schemas import Status
from service.database.embedded import DatabaseUnavailableError, EmbeddedPostgres
from service.database.migrations import STEPS, migrate
from service.database.pool import make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app
from service.jobs.submission import Submission, Upload
from service.media.storage import MediaStore, Stored
from service.settings import Settings
from service.workers.maintenance import Maintenance
from tests.service.desk import using

pytestmark = pytest.mark.xdist_group("service")

PROBLEM = ProblemDetails.of("media_corrupt", "Broken.")


@pytest.fixture(scope="module")
def database(postgres: str) -> str:
    """A migrated database; four processes' worth of migrations ran at once."""

    async def at_once() -> None:
        await asyncio.gather(*(migrate(postgres) for _ in range(4)))

    asyncio.run(at_once())
    return postgres


async def submitted(analyses: Analyses, max_queue: int = 1000) -> UUID:
    """A new analysis of a clip that is not there."""
    analysis_id = uuid4()
    await analyses.submit(Submission(analysis_id, Upload(Stored("00", 1), "x.mp4", {})), max_queue)
    return analysis_id


def test_schema_steps_are_applied_once(database: str) -> None:
    with psycopg.connect(database) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM schema_steps")]
    assert len(names) == len(set(names))
    assert {name for name, _ in STEPS} <= set(names)


def test_first_result_stands(database: str) -> None:
    async def work(analyses: Analyses) -> None:
        analysis_id = await submitted(analyses)
        assert await analyses.start(analysis_id) == 1
        assert await analyses.complete(analysis_id, '{"probability": 0.25}')
        assert not await analyses.complete(analysis_id, '{"probability": 0.75}')
        assert not await analyses.fail(analysis_id, PROBLEM)
        assert not await analyses.cancel(analysis_id)
        assert await analyses.start(analysis_id) is None
        row = await analyses.get(analysis_id)
        assert row is not None
        assert (row.status, row.percent, row.result, row.error) == (Status.COMPLETE, 100, {"probability": 0.25}, None)

    using(database, work)


def test_percentage_never_falls_and_old_attempts_are_not_heard(database: str) -> None:
    async def work(analyses: Analyses) -> None:
        analysis_id = await submitted(analyses)
        seen = []
        first = await analyses.start(analysis_id)
        assert first is not None
        for percent in (10, 5, 150):
            await analyses.advance(analysis_id, first, "Running models", percent)
            row = await analyses.get(analysis_id)
            assert row is not None
            seen.append(row.percent)
        assert seen == [10, 10, 99]
        assert await analyses.start(analysis_id) == 2
        await analyses.advance(analysis_id, first, "Extracting frames", 99)
        row = await analyses.get(analysis_id)
        assert row is not None
        assert row.stage == "Running models"

    using(database, work)


def test_attempt_that_is_given_back_does_not_count(database: str) -> None:
    async def work(analyses: Analyses) -> None:
        analysis_id = await submitted(analyses)
        assert await analyses.start(analysis_id) == 1
        await analyses.give_back(analysis_id, 1)
        assert await analyses.start(analysis_id) == 1

    using(database, work)


def test_cancelled_analysis_takes_no_result_and_loses_its_job(database: str) -> None:
    async def work(analyses: Analyses) -> None:
        before = (await analyses.load(5)).queued
        analysis_id = await submitted(analyses)
        assert (await analyses.load(5)).queued == before + 1
        assert not await analyses.erase(analysis_id)
        assert await analyses.cancel(analysis_id)
        assert (await analyses.load(5)).queued == before
        assert not await analyses.complete(analysis_id, "{}")
        assert await analyses.erase(analysis_id)
        assert await analyses.get(analysis_id) is None

    using(database, work)


def test_refused_analysis_leaves_no_row(database: str) -> None:
    async def work(analyses: Analyses) -> None:
        analysis_id = uuid4()
        with pytest.raises(ProblemError, match="waiting"):
            await analyses.submit(Submission(analysis_id, Upload(Stored("00", 1), "x", {})), max_queue=0)
        assert await analyses.get(analysis_id) is None

    using(database, work)


def test_simultaneous_submissions_do_not_overfill_the_queue(database: str) -> None:
    async def work(analyses: Analyses) -> list[UUID | BaseException]:
        room = (await analyses.load(5)).queued + 2
        return await asyncio.gather(*(submitted(analyses, room) for _ in range(6)), return_exceptions=True)

    outcomes = using(database, work)
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, ProblemError) for outcome in outcomes) == 4


def test_upkeep_deletes_what_expired_and_ends_what_lost_its_job(database: str, tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    store.prepare()

    async def work() -> list[Status | None]:
        pool, engine = make_pool(database), make_app()
        async with pool, engine.open_async(pool):
            jobs = Jobs(engine)
            analyses = Analyses(pool, jobs)
            expired, kept, orphan = [await submitted(analyses) for _ in range(3)]
            for analysis_id in (expired, kept, orphan):
                store.writer(10).keep(analysis_id)
            await analyses.complete(expired, "{}")
            await analyses.complete(kept, "{}")
            async with pool.connection() as connection:
                await connection.execute(
                    "UPDATE analyses SET finished_at = now() - interval '2 days' WHERE id = %s", (expired,)
                )
                await connection.execute(
                    "DELETE FROM procrastinate_jobs USING analyses WHERE job_id = procrastinate_jobs.id "
                    "AND analyses.id = %s",
                    (orphan,),
                )
            settings = Settings(retention_days=1)
            await Maintenance(pool, jobs, store, settings, lambda: None).round(clean=True)
            rows = [await analyses.get(analysis_id) for analysis_id in (expired, kept, orphan)]
            assert set(store.ids()) == {kept, orphan}
        return [row.status if row else None for row in rows]

    assert asyncio.run(work()) == [None, Status.COMPLETE, Status.ERROR]


def test_server_is_found_adopted_and_stopped(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("p") / "postgres"
    with pytest.raises(DatabaseUnavailableError, match="VERICLIP_DATABASE_URL"):
        EmbeddedPostgres(folder).conninfo()
    first = EmbeddedPostgres(folder)
    conninfo = first.start()
    assert EmbeddedPostgres(folder).conninfo() == conninfo
    process = first.postmaster()
    assert process is not None
    second = EmbeddedPostgres(folder)
    assert second.start() == conninfo
    second.stop()
    assert process.wait(10) in (0, None)
    assert first.postmaster() is None


def test_lock_file_of_another_program_after_a_reboot_is_no_obstacle(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("p") / "postgres")
    server.start()
    lock = (server.folder / "postmaster.pid").read_text().splitlines()
    server.stop()
    # As after a power cut, when the old server's process id belongs to some other program: process 1 always runs.
    (server.folder / "postmaster.pid").write_text("\n".join(["1", *lock[1:]]) + "\n")
    with psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


def test_folder_with_a_space_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="spaces"):
        EmbeddedPostgres(tmp_path / "my data").start()
