"""Where the database is, and the pool of connections to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from service.database.embedded import EmbeddedPostgres, sole_use_of
from service.database.migrations import migrate
from service.settings import Settings

Pool = AsyncConnectionPool[AsyncConnection]

DATABASE_ERRORS: Final = (psycopg.OperationalError, psycopg.InterfaceError, ConnectorException)
"""What is raised while the database is out of reach; once it is back, the same call may well succeed."""


def conninfo_of(settings: Settings) -> str:
    """How to reach the database: the given one, or the embedded server that is already running.

    Raises:
        DatabaseUnavailableError: none was given and the embedded one does not run.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.postgres_dir).conninfo()


def make_pool(conninfo: str, max_size: int = 8) -> Pool:
    """A closed pool whose connections are checked before use, so that a restarted database is survived."""
    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=max_size,
        timeout=10.0,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Pool]:
    """The migrated database for a short command, with the embedded server started for it where none runs.

    Raises:
        DatabaseUnavailableError: the embedded server did not start.
        DataFolderInUseError: a service that uses the folder is just starting or stopping.
    """
    server = EmbeddedPostgres(settings.postgres_dir)
    if settings.database_url is not None or server.postmaster() is not None:
        async with _migrated(conninfo_of(settings)) as pool:
            yield pool
        return
    with sole_use_of(settings.data_dir):
        try:
            async with _migrated(await asyncio.to_thread(server.start)) as pool:
                yield pool
        finally:
            await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _migrated(conninfo: str) -> AsyncIterator[Pool]:
    await migrate(conninfo)
    async with make_pool(conninfo, max_size=2) as pool:
        yield pool
