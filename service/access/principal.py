"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends

SCOPES: Final = frozenset({"analyze", "read", "admin"})


@dataclass(frozen=True, slots=True)
class Principal:
    """The asker: `key_id` names the API key and owns what was made with it; None is the anonymous local user."""

    key_id: str | None
    scopes: frozenset[str]
    is_admin: bool


LOCAL_ADMIN: Final = Principal(None, SCOPES, is_admin=True)


async def principal() -> Principal:
    """The asker of this request: without keys, the one user of this machine."""
    return LOCAL_ADMIN


Asker = Annotated[Principal, Depends(principal)]
