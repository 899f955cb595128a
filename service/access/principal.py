"""Who asks: the holder of a key, or the anonymous local admin where no keys are required."""

from dataclasses import dataclass
from typing import Final

ANALYZE: Final = "analyze"
READ: Final = "read"
ADMIN: Final = "admin"
METRICS: Final = "metrics"
SCOPES: Final = frozenset({ANALYZE, READ, METRICS, ADMIN})
"""`analyze`: send, cancel and erase clips; `read`: see analyses and reports; `metrics`: scrape /metrics, which
tells of no single clip; `admin`: all, of every key."""

CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose request it is. `key_id` is None for the anonymous admin; an admin sees the analyses of every key."""

    key_id: str | None
    scopes: frozenset[str]
    is_admin: bool

    def may(self, scope: str) -> bool:
        """Whether this scope was granted."""
        return self.is_admin or scope in self.scopes

    def may_see(self, owner: str | None) -> bool:
        """Whether an analysis that the key `owner` made is visible."""
        return self.is_admin or (owner is not None and owner == self.key_id)


LOCAL_ADMIN: Final = Principal(key_id=None, scopes=SCOPES, is_admin=True)
