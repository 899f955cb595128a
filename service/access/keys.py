"""API keys: high-entropy secrets of which only the SHA-256 is kept, each with scopes, a rate and quotas."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row, dict_row

from service.access.principal import ADMIN, CHALLENGE, Principal
from service.access.rates import Rate, take
from service.contract.problems import ProblemError
from service.database.pool import Pool

TOKEN: Final = re.compile(r"vc_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
SECRET_BYTES: Final = 32
COLUMNS: Final = (
    "id, label, scopes, rate_per_s, rate_burst, daily_clips, daily_bytes, created_at, last_used_at, revoked_at"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new key may do: scopes, requests a second with a burst, clips and bytes a day (None: no limit)."""

    label: str
    scopes: frozenset[str]
    rate_per_s: float = 10.0
    rate_burst: int = 100
    daily_clips: int | None = 1_000
    daily_bytes: int | None = 20_000_000_000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One row, without the secret."""

    id: str
    label: str
    scopes: list[str]
    rate_per_s: float
    rate_burst: int
    daily_clips: int | None
    daily_bytes: int | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that was let in, and what its response says about the rate limit."""

    principal: Principal
    rate_headers: dict[str, str]


class Keys:
    """Makes, lists, revokes and checks keys. Nothing is cached: a revoked key fails at its next request."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, grant: Grant) -> tuple[str, str]:
        """Make a key; returns its id and its token, which can never be read again."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(SECRET_BYTES)
        async with self._pool.connection() as connection:
            await connection.execute(
                "INSERT INTO api_keys (id, secret_sha256, label, scopes, rate_per_s, rate_burst, tokens, daily_clips, "
                "daily_bytes) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    key_id,
                    _digest(secret),
                    grant.label,
                    sorted(grant.scopes),
                    grant.rate_per_s,
                    grant.rate_burst,
                    grant.rate_burst,
                    grant.daily_clips,
                    grant.daily_bytes,
                ),
            )
        return key_id, f"vc_{key_id}_{secret}"

    async def list(self) -> list[ApiKey]:
        """All keys, the newest first, revoked ones too."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(ApiKey)) as cursor:
            await cursor.execute(f"SELECT {COLUMNS} FROM api_keys ORDER BY created_at DESC, id".encode())
            return await cursor.fetchall()

    async def any_works(self) -> bool:
        """Whether there is a key at all that was not revoked."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT 1 FROM api_keys WHERE revoked_at IS NULL LIMIT 1")
            return await cursor.fetchone() is not None

    async def works(self, key_id: str | None) -> bool:
        """Whether a key that was let in earlier still would be; None is nobody's key, which none can revoke."""
        if key_id is None:
            return True
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT 1 FROM api_keys WHERE id = %s AND revoked_at IS NULL", (key_id,))
            return await cursor.fetchone() is not None

    async def revoke(self, key_id: str) -> bool:
        """End a key; false if there is none such or it has ended already."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "UPDATE api_keys SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL", (key_id,)
            )
        return cursor.rowcount == 1

    async def admit(self, token: str) -> Admission:
        """Check a token, and take one request from the rate of its key.

        Raises:
            ProblemError: `unauthorized`; `rate_limited` with Retry-After.
        """
        match = TOKEN.fullmatch(token)
        if match is None:
            raise _unauthorized()
        async with self._pool.connection() as connection:
            async with connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(
                    "SELECT secret_sha256, scopes, rate_per_s, rate_burst FROM api_keys "
                    "WHERE id = %s AND revoked_at IS NULL",
                    (match[1],),
                )
                row: dict[str, Any] | None = await cursor.fetchone()
            # Compared even where there is no such key, so that the time taken does not tell which ids exist.
            stored = bytes(row["secret_sha256"]) if row is not None else bytes(32)
            if not hmac.compare_digest(stored, _digest(match[2])) or row is None:
                raise _unauthorized()
            headers = await take(connection, match[1], Rate(row["rate_per_s"], row["rate_burst"]))
        scopes = frozenset(row["scopes"])
        return Admission(Principal(match[1], scopes, ADMIN in scopes), headers)


def _digest(secret: str) -> bytes:
    # A plain hash is right for 256 random bits: there is nothing to guess, so nothing to slow down.
    return hashlib.sha256(secret.encode()).digest()


def _unauthorized() -> ProblemError:
    return ProblemError("unauthorized", "This API key is unknown or was revoked; send another.", dict(CHALLENGE))
