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
    (
        "0004_api_keys",
        """
        CREATE TABLE api_keys (
            id text PRIMARY KEY,
            secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
            label text NOT NULL,
            scopes text[] NOT NULL,
            rate_per_s double precision NOT NULL CHECK (rate_per_s > 0),
            rate_burst integer NOT NULL CHECK (rate_burst >= 1),
            -- the token bucket: what was left at filled_at
            tokens double precision NOT NULL,
            filled_at timestamptz NOT NULL DEFAULT now(),
            daily_clips bigint CHECK (daily_clips >= 0),
            daily_bytes bigint CHECK (daily_bytes >= 0),
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz,
            revoked_at timestamptz
        );
        CREATE TABLE api_key_usage (
            key_id text NOT NULL REFERENCES api_keys ON DELETE CASCADE,
            -- in UTC
            day date NOT NULL,
            clips bigint NOT NULL DEFAULT 0,
            bytes bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (key_id, day)
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
            done = {row[0] for row in await (await connection.execute("SELECT name FROM schema_steps")).fetchall()}
            for name, sql in (*await _engine_steps(connection), *STEPS):
                if name not in done:
                    await _apply(connection, name, sql)
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


async def _engine_steps(connection: psycopg.AsyncConnection) -> list[tuple[str, str]]:
    """The steps of the installed version of the engine; into an empty database its whole schema goes at once."""
    folder = resources.files("procrastinate.sql") / "migrations"
    steps = [
        (f"procrastinate/{entry.name}", entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    row = await (await connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL")).fetchone()
    if row is not None and row[0]:
        async with connection.transaction():
            await connection.execute(SchemaManager.get_schema().encode())
            for name, _ in steps:
                await connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (name,))
        return []
    return sorted(steps)


async def _apply(connection: psycopg.AsyncConnection, name: str, sql: str) -> None:
    logging.getLogger(__name__).info("applying schema step %s", name)
    async with connection.transaction():
        await connection.execute(sql.encode())
        await connection.execute("INSERT INTO schema_steps (name) VALUES (%s)", (name,))
