"""Token buckets in PostgreSQL, so that any number of API processes share one rate for each key."""

import math
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection

from service.contract.problems import ProblemError

LEVEL: Final = (
    "least(rate_burst, tokens + rate_per_s * greatest(0, extract(epoch FROM clock_timestamp() - filled_at)::float8))"
)
"""Requests that a key has left at this moment, as SQL."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second in the long run, and how many may come at once."""

    per_s: float
    burst: int


async def take(connection: AsyncConnection, key_id: str, rate: Rate) -> dict[str, str]:
    """Take one request from the bucket of a key; returns the rate headers of the response.

    One statement, so that requests at the same time cannot both have the last one.

    Raises:
        ProblemError: `rate_limited` with Retry-After.
    """
    cursor = await connection.execute(
        f"UPDATE api_keys SET tokens = {LEVEL} - 1, filled_at = clock_timestamp(), last_used_at = now() "
        f"WHERE id = %s AND {LEVEL} >= 1 RETURNING tokens".encode(),
        (key_id,),
    )
    row = await cursor.fetchone()
    if row is not None:
        return headers(rate, float(row[0]))
    cursor = await connection.execute(f"SELECT {LEVEL} FROM api_keys WHERE id = %s".encode(), (key_id,))
    row = await cursor.fetchone()
    left = min(float(row[0]), 1.0) if row is not None else 0.0
    wait_s = max(1, math.ceil((1 - left) / rate.per_s))
    raise ProblemError(
        "rate_limited",
        f"This key may send {rate.per_s:g} requests a second; send this one again after the time in Retry-After.",
        {"Retry-After": str(wait_s), **headers(rate, 0.0)},
    )


def headers(rate: Rate, left: float) -> dict[str, str]:
    """What a response says: how many may come at once, how many are left, seconds until all are."""
    return {
        "RateLimit-Limit": str(rate.burst),
        "RateLimit-Remaining": str(max(0, math.floor(left))),
        "RateLimit-Reset": str(math.ceil((rate.burst - left) / rate.per_s)),
    }
