"""What has expired is gone with all that was made of it, and what a killed process left is cleared away."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from service.database.migrations import migrate
from service.database.pool import make_pool
from service.jobs.engine import Jobs, make_app
from service.media.storage import MediaStore
from service.settings import Settings
from service.workers.maintenance import Maintenance

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    """A store in a folder."""
    made = MediaStore(tmp_path)
    made.prepare()
    return made


def test_retention_erases_row_clip_report_and_evidence_by_age(postgres: str, store: MediaStore) -> None:
    old, young = uuid4(), uuid4()
    for analysis_id in (old, young):
        store.writer(10).keep(analysis_id)
        store.put(analysis_id, "report.json", b"{}")
        store.put(analysis_id, "heatmap.png", b"picture")

    async def upkeep() -> set[UUID]:
        await migrate(postgres)
        pool, engine = make_pool(postgres), make_app()
        async with pool, engine.open_async(pool):
            async with pool.connection() as connection:
                for analysis_id, days in ((old, 31), (young, 29)):
                    await connection.execute(
                        "INSERT INTO analyses (id, sha256, size_bytes, filename, status, percent, result, finished_at) "
                        "VALUES (%s, '00', 0, 'x', 'complete', 100, '{}', now() - make_interval(days => %s))",
                        (analysis_id, days),
                    )
            await Maintenance(pool, Jobs(engine), store, Settings(), lambda: None).round(clean=True)
            async with pool.connection() as connection:
                rows = await (await connection.execute("SELECT id FROM analyses")).fetchall()
        return {row[0] for row in rows}

    assert asyncio.run(upkeep()) == {young}
    assert store.ids() == [young]
    assert store.names(old) == []
    assert store.names(young) == ["heatmap.png", "report.json"]


def test_upkeep_clears_copies_that_nobody_holds(postgres: str, store: MediaStore) -> None:
    (store.scratch.folder / "left-behind").write_bytes(b"half a clip")
    held, file = store.scratch.create()

    async def upkeep() -> None:
        await migrate(postgres)
        pool, engine = make_pool(postgres), make_app()
        async with pool, engine.open_async(pool):
            await Maintenance(pool, Jobs(engine), store, Settings(), lambda: None).round(clean=True)

    with file:
        asyncio.run(upkeep())
        assert list(store.scratch.folder.iterdir()) == [held]
