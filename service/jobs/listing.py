"""Pages of analyses, the newest first."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from service.access.principal import Principal
from service.contract.problems import ProblemError
from service.contract.schemas import AnalysisPage, AnalysisSummary, Status
from service.database.pool import Pool

SUMMARY_COLUMNS: Final = (
    "id AS analysis_id, status, filename, sha256, created_at AS submitted_at, finished_at, duration_s, verdict, "
    "confidence, probability, inconclusive, early_exit, error_code"
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What to list. `text` is looked for in file names, and at the start of the SHA-256; times are inclusive."""

    status: Status | None = None
    verdict: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    inconclusive: bool | None = None


async def list_page(pool: Pool, asker: Principal, filters: Filters, limit: int, cursor: str | None) -> AnalysisPage:
    """One page of what `asker` may see; `next_cursor` leads to the next and stays right while analyses are added.

    Raises:
        ProblemError: `invalid_request`, for a cursor that was not given by this function.
    """
    conditions, values = _conditions(asker, filters)
    if cursor is not None:
        conditions.append("(created_at, id) < (%s, %s)")
        values += read_cursor(cursor)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"SELECT {SUMMARY_COLUMNS} FROM analyses {where} ORDER BY created_at DESC, id DESC LIMIT %s"
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as found:
        await found.execute(query.encode(), (*values, limit + 1))
        rows = await found.fetchall()
    more = make_cursor(rows[limit - 1]) if len(rows) > limit else None
    return AnalysisPage(items=[AnalysisSummary.model_validate(row) for row in rows[:limit]], next_cursor=more)


def make_cursor(row: dict[str, Any]) -> str:
    """Where a page ended, opaque to its reader."""
    return base64.urlsafe_b64encode(f"{row['submitted_at'].isoformat()}|{row['analysis_id']}".encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The time and id of the last row of a page.

    Raises:
        ProblemError: `invalid_request`.
    """
    try:
        moment, _, analysis_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(moment), UUID(analysis_id)
    except (binascii.Error, ValueError):
        raise ProblemError("invalid_request", "cursor: use a `nextCursor` as it was given, or leave it out.") from None


def _conditions(asker: Principal, filters: Filters) -> tuple[list[str], list[Any]]:
    possible: list[tuple[str, Any]] = [
        ("key_id = %s", None if asker.is_admin else asker.key_id),
        ("status = %s", filters.status),
        ("verdict = %s", filters.verdict),
        ("created_at >= %s", _aware(filters.since)),
        ("created_at <= %s", _aware(filters.until)),
        ("inconclusive = %s", filters.inconclusive),
    ]
    given = [(condition, value) for condition, value in possible if value is not None]
    conditions, values = [condition for condition, _ in given], [value for _, value in given]
    if filters.text:
        conditions.append("(position(lower(%s) IN lower(filename)) > 0 OR starts_with(sha256, lower(%s)))")
        values += [filters.text, filters.text]
    return conditions, values


def _aware(moment: datetime | None) -> datetime | None:
    """Times without an offset are in UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
