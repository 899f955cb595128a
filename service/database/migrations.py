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
        "0003_analysis_semantics",
        """
        ALTER TABLE analyses
            -- the API key that made it and may see it; null: the anonymous local user
            ADD COLUMN key_id text,
            -- counts every change: the id of a server-sent event
            ADD COLUMN revision bigint NOT NULL DEFAULT 0,
            ADD COLUMN steps json,
            ADD COLUMN scan text NOT NULL DEFAULT 'windows',
            ADD COLUMN model_version text,
            -- owner, bytes, options and model version: a later upload with the same one gets this analysis
            ADD COLUMN reuse_key text,
            ADD COLUMN verdict text GENERATED ALWAYS AS (result ->> 'verdict') STORED,
            ADD COLUMN confidence double precision
                GENERATED ALWAYS AS ((result ->> 'confidence')::double precision) STORED,
            ADD COLUMN probability double precision
                GENERATED ALWAYS AS ((result ->> 'probability')::double precision) STORED,
            ADD COLUMN inconclusive boolean GENERATED ALWAYS AS ((result ->> 'inconclusive')::boolean) STORED,
            ADD COLUMN early_exit boolean GENERATED ALWAYS AS ((result ->> 'earlyExit')::boolean) STORED,
            ADD COLUMN duration_s double precision
                GENERATED ALWAYS AS ((result -> 'clip' ->> 'durationS')::double precision) STORED,
            ADD COLUMN error_code text GENERATED ALWAYS AS (error ->> 'code') STORED;
        DROP INDEX analyses_created_at;
        CREATE INDEX analyses_newest ON analyses (created_at DESC, id DESC);
        CREATE INDEX analyses_by_owner ON analyses (key_id, created_at DESC, id DESC);
        CREATE UNIQUE INDEX analyses_reuse ON analyses (reuse_key) WHERE status IN ('processing', 'complete');

        CREATE FUNCTION count_analysis_revision() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.revision := OLD.revision + 1;
            RETURN NEW;
        END $$;
        CREATE TRIGGER count_revision BEFORE UPDATE ON analyses
            FOR EACH ROW EXECUTE FUNCTION count_analysis_revision();

        CREATE TABLE idempotency_keys (
            -- the API key's id, or '' for the anonymous local user
            owner text NOT NULL,
            key text NOT NULL,
            sha256 text NOT NULL,
            analysis_id uuid NOT NULL REFERENCES analyses ON DELETE CASCADE,
            PRIMARY KEY (owner, key)
        );
        CREATE INDEX idempotency_keys_analysis ON idempotency_keys (analysis_id);

        CREATE TABLE webhooks (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
            analysis_id uuid NOT NULL REFERENCES analyses ON DELETE CASCADE,
            url text NOT NULL,
            -- null until the analysis has ended and the call is queued
            job_id bigint,
            attempts integer NOT NULL DEFAULT 0,
            -- of the last attempt: an HTTP status, or why there is none
            outcome text,
            -- delivered or given up
            ended_at timestamptz,
            UNIQUE (analysis_id, url)
        );
        CREATE INDEX webhooks_waiting ON webhooks (analysis_id) WHERE job_id IS NULL;
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
    (
        "0005_outcomes",
        """
        ALTER TABLE ready_workers
            ADD COLUMN device text NOT NULL DEFAULT 'cpu',
            -- of the worker and its children
            ADD COLUMN memory_bytes bigint NOT NULL DEFAULT 0;

        -- What happened, without telling to whom: folded into tallies, then forgotten.
        CREATE TABLE outcomes (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('accepted', 'analysis', 'audit')),
            at timestamptz NOT NULL DEFAULT now(),
            facts json NOT NULL,
            folded boolean NOT NULL DEFAULT false
        );
        CREATE INDEX outcomes_to_fold ON outcomes (id) WHERE NOT folded;
        CREATE INDEX outcomes_recent ON outcomes (at);
        CREATE TABLE tallies (
            name text NOT NULL,
            labels text NOT NULL,
            value double precision NOT NULL,
            PRIMARY KEY (name, labels)
        );

        CREATE FUNCTION note_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO outcomes (kind, facts) VALUES ('accepted', json_build_object('bytes', NEW.size_bytes));
            ELSIF OLD.status = 'processing' AND NEW.status <> 'processing' THEN
                INSERT INTO outcomes (kind, facts) VALUES ('analysis', json_build_object(
                    'status', NEW.status,
                    'code', NEW.error ->> 'code',
                    'attempts', NEW.attempts,
                    'queue_s', extract(epoch FROM coalesce(NEW.started_at, NEW.finished_at) - NEW.created_at),
                    'work_s', extract(epoch FROM NEW.finished_at - NEW.started_at),
                    'total_s', extract(epoch FROM NEW.finished_at - NEW.created_at),
                    'verdict', NEW.result ->> 'verdict',
                    'probability', NEW.result -> 'probability',
                    'inconclusive', NEW.result -> 'inconclusive',
                    'early_exit', NEW.result -> 'earlyExit',
                    'features', NEW.result -> 'features',
                    'timings', NEW.result -> 'timings',
                    'abstained', (
                        SELECT json_agg(json_build_object('branch', item ->> 'name', 'code', item ->> 'code'))
                        FROM json_array_elements(NEW.result -> 'branches') AS item
                        WHERE item ->> 'status' = 'abstained'
                    )
                ));
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER note_outcome AFTER INSERT OR UPDATE OF status ON analyses
            FOR EACH ROW EXECUTE FUNCTION note_outcome();
        """,
    ),
    (
        "0006_crashes",
        "ALTER TABLE analyses ADD COLUMN crashes integer NOT NULL DEFAULT 0",
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
