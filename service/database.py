"""Where the database is, and the pool of connections to it."""

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from service.embedded import EmbeddedPostgres
from service.settings import Settings

Pool = AsyncConnectionPool[AsyncConnection]


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
