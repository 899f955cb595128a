"""Clips and bytes that a key may send in one day (UTC), counted in PostgreSQL with the clip that they are for."""

from datetime import UTC, datetime, timedelta
from typing import Final

from psycopg import AsyncConnection

from service.contract.problems import ProblemError

LIMITS: Final = "SELECT daily_clips, daily_bytes FROM api_keys WHERE id = %s"
USAGE: Final = (
    "SELECT clips, bytes FROM api_key_usage WHERE key_id = %s AND day = (clock_timestamp() AT TIME ZONE 'utc')::date"
)
CHARGE: Final = """
    INSERT INTO api_key_usage AS used (key_id, day, clips, bytes)
    VALUES (%s, (clock_timestamp() AT TIME ZONE 'utc')::date, 1, %s)
    ON CONFLICT (key_id, day) DO UPDATE SET clips = used.clips + 1, bytes = used.bytes + excluded.bytes
    RETURNING clips, bytes
"""


async def refuse_if_spent(connection: AsyncConnection, key_id: str | None) -> None:
    """Look before a clip is received in vain.

    Raises:
        ProblemError: `quota_exceeded` with Retry-After, if not even one more byte may come today.
    """
    if key_id is not None:
        row = await (await connection.execute(USAGE.encode(), (key_id,))).fetchone()
        clips, size = (0, 0) if row is None else row
        await _refuse_beyond(connection, key_id, clips + 1, size + 1)


async def charge(connection: AsyncConnection, key_id: str | None, size_bytes: int) -> None:
    """Count one clip in the transaction that accepts it; the anonymous admin has no quota.

    Raises:
        ProblemError: `quota_exceeded` with Retry-After; the transaction has to be rolled back.
    """
    if key_id is not None:
        row = await (await connection.execute(CHARGE.encode(), (key_id, size_bytes))).fetchone()
        assert row is not None  # an upsert always returns its row
        await _refuse_beyond(connection, key_id, int(row[0]), int(row[1]))


async def _refuse_beyond(connection: AsyncConnection, key_id: str, clips: int, size_bytes: int) -> None:
    row = await (await connection.execute(LIMITS.encode(), (key_id,))).fetchone()
    most_clips, most_bytes = (None, None) if row is None else row
    for used, most, unit in ((clips, most_clips, "clips"), (size_bytes, most_bytes, "bytes")):
        if most is not None and used > most:
            raise ProblemError(
                "quota_exceeded",
                f"This key may send {most:,} {unit} a day, and this clip would go beyond; its day ends at 00:00 UTC.",
                {"Retry-After": str(_seconds_left(datetime.now(UTC)))},
            )


def _seconds_left(now: datetime) -> int:
    """Until the day ends, in UTC, rounded up."""
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - now).total_seconds()) + 1
