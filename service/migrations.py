"""The database schema, in numbered steps that are applied once each, under a lock."""

import logging
from importlib import resources
from typing import Final

import psycopg
from procrastinate.schema import SchemaManager

LOCK_KEY: Final = 0x76657269_636C6970
"""Advisory lock that makes processes that start together migrate one after the other ("vericlip" in ASCII)."""

STEPS: Final[tuple[tuple[str, str], ...]] = (
    (
        "0001_analyses",
        """
        CREATE TABLE analyses (
            id uuid PRIMARY KEY,
            sha256 text NOT NULL,
            size_bytes bigint NOT NULL,
            filename text NOT NULL,
            status text NOT NULL DEFAULT 'processing'
                CHECK (status IN ('processing', 'complete', 'error', 'cancelled')),
            stage text NOT NULL DEFAULT 'Queued',
            percent smallint NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
            attempts integer NOT NULL DEFAULT 0,
            job_id bigint,
            -- json, not jsonb: keeps the order of features and every digit as written
            result json,
            error json,
            created_at timestamptz NOT NULL DEFAULT now(),
            started_at timestamptz,
            finished_at timestamptz,
            CHECK ((status = 'complete') = (result IS NOT NULL)),
            CHECK ((status = 'error') = (error IS NOT NULL))
        );
        CREATE INDEX analyses_created_at ON analyses (created_at DESC, id);
        CREATE INDEX analyses_sha256 ON analyses (sha256);
        CREATE INDEX analyses_processing ON analyses (job_id) WHERE status = 'processing';
        CREATE INDEX analyses_finished_at ON analyses (finished_at) WHERE finished_at IS NOT NULL;
        """,
    ),
    (
        "0002_ready_workers",
        """
        CREATE TABLE ready_workers (
            id uuid PRIMARY KEY,
            host text NOT NULL,
            pid integer NOT NULL,
            versions json NOT NULL,
            ready_at timestamptz NOT NULL DEFAULT now(),
            seen_at timestamptz NOT NULL DEFAULT now()
        );
        """,
    ),
)


async def migrate(conninfo: str) -> None:
    """Bring the job engine's schema and our own up to date; each step is one transaction."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        try:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_steps "
                "(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            await _migrate_procrastinate(connection)
            for name, sql in STEPS:
                await _apply_once(connection, name, sql)
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


async def _migrate_procrastinate(connection: psycopg.AsyncConnection) -> None:
    """Install the engine's whole schema into an empty database, or apply the steps that a newer version brings."""
    folder = resources.files("procrastinate.sql") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    row = await (await connection.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")).fetchone()
    if row is not None and row[0]:
        for file in files:
            await _apply_once(connection, f"procrastinate/{file}", (folder / file).read_text(encoding="utf-8"))
        return
    async with connection.transaction():
        await connection.execute(SchemaManager.get_schema().encode())
        for file in files:
            await connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (f"procrastinate/{file}",))


async def _apply_once(connection: psycopg.AsyncConnection, name: str, sql: str) -> None:
    done = await (await connection.execute("SELECT 1 FROM schema_steps WHERE name = %s", (name,))).fetchone()
    if done is not None:
        return
    logging.getLogger(__name__).info("applying schema step %s", name)
    async with connection.transaction():
        await connection.execute(sql.encode())
        await connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (name,))
