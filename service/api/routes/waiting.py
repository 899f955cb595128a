"""`Prefer: wait=N` (RFC 7240): an answer that is held back until the analysis has ended, or time is over."""

import re
import time
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import Header

from service.api.context import Context
from service.jobs.analyses import Analysis, not_found

WAIT: Final = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:;[^,]*)?(?=,|$)", re.IGNORECASE)

Prefer = Annotated[
    list[str] | None,
    Header(
        description="`wait=N`: answer when the analysis has ended, after N seconds at the latest.", examples=["wait=30"]
    ),
]


def asked_to_wait_s(prefer: Iterable[str] | None) -> int | None:
    """The seconds of the first `wait` preference, if there is one."""
    match = WAIT.search(",".join(prefer or ()))
    return None if match is None else int(match[1])


async def wait_until_ended(
    given: Context, row: Analysis, prefer: Iterable[str] | None
) -> tuple[Analysis, dict[str, str]]:
    """The row as it is then, and the header that tells what was granted.

    At most `max_wait_s`; nothing, while answers about this key's analyses are held back as often as may be.

    Raises:
        ProblemError: `not_found`, where it was erased meanwhile.
    """
    asked_s = asked_to_wait_s(prefer)
    if asked_s is None or given.held.is_full(row.key_id):
        return row, {}
    granted_s = min(asked_s, given.settings.max_wait_s)
    deadline = time.monotonic() + granted_s
    with given.held.one_more(row.key_id):
        while not row.ended and await given.watcher.changed(row.id, row.revision, deadline - time.monotonic()):
            found = await given.analyses.get(row.id)
            if found is None:
                raise not_found(row.id)
            row = found
    return row, {"Preference-Applied": f"wait={granted_s}"}
