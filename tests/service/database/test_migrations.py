"""A database of any earlier release comes up to date, with all that was in it."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg.conninfo import make_conninfo

from service.contract.schemas import Status
from service.database.migrations import STEPS, migrate
from service.database.pool import make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app

pytestmark = pytest.mark.xdist_group("service")

RESULT = '{"verdict": "Deepfake", "probability": 0.75, "confidence": 75.0, "inconclusive": false, "earlyExit": false}'


def old_database(postgres: str, steps: int) -> tuple[str, UUID]:
    """A database to which only the first steps were applied, with one finished analysis in it."""
    name, analysis_id = f"old_{steps}", uuid4()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    conninfo = make_conninfo(postgres, dbname=name)
    with psycopg.connect(conninfo) as connection:
        connection.execute(SchemaManager.get_schema().encode())
        connection.execute("CREATE TABLE schema_steps (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())")
        connection.execute(
            "INSERT INTO schema_steps (name) SELECT 'procrastinate/' || name FROM unnest(%s::text[]) AS name",
            (_engine_steps(),),
        )
        for step, sql in STEPS[:steps]:
            connection.execute(sql.encode())
            connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (step,))
        connection.execute(
            "INSERT INTO analyses (id, sha256, size_bytes, filename, status, percent, result, started_at, finished_at) "
            "VALUES (%s, '00', 1, 'old.mp4', 'complete', 100, %s, now(), now())",
            (analysis_id, RESULT),
        )
    return conninfo, analysis_id


def _engine_steps() -> list[str]:
    folder = Path(SchemaManager.get_migrations_path())
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".sql")


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1), ids=[name for name, _ in STEPS])
def test_database_of_each_release_comes_up_with_its_analyses(postgres: str, steps: int) -> None:
    conninfo, analysis_id = old_database(postgres, steps)

    async def upgraded() -> tuple[Status | None, dict[str, object] | None]:
        await migrate(conninfo)
        await migrate(conninfo)
        pool, engine = make_pool(conninfo), make_app()
        async with pool, engine.open_async(pool):
            row = await Analyses(pool, Jobs(engine)).get(analysis_id)
        return (None, None) if row is None else (row.status, row.result)

    status, result = asyncio.run(upgraded())
    assert status is Status.COMPLETE
    assert result is not None
    assert result["probability"] == 0.75
    with psycopg.connect(conninfo) as connection:
        applied = [row[0] for row in connection.execute("SELECT name FROM schema_steps").fetchall()]
    assert {name for name, _ in STEPS} <= set(applied)
    assert len(applied) == len(set(applied))


def test_steps_are_numbered_without_gaps() -> None:
    assert [int(name.partition("_")[0]) for name, _ in STEPS] == list(range(1, len(STEPS) + 1))
