"""Who asks: the holder of a key, or the anonymous local admin where no keys are required."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from service.problems import ProblemError

if TYPE_CHECKING:
    from service.routes.context import Context

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

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="`Authorization: Bearer vc_…`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="apiKey", description="`X-API-Key: vc_…`")


async def principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    api_key: Annotated[str | None, Depends(_header)],
) -> Principal:
    """Whose request this is. A key that is sent always counts, even where none is required.

    Raises:
        ProblemError: `unauthorized`, or `rate_limited`.
    """
    context: Context = request.app.state.context
    token = bearer.credentials if bearer is not None else api_key
    if token is None:
        if context.settings.keys_required:
            detail = "Send an API key, as in: Authorization: Bearer vc_…; `vericlip keys create` makes one."
            raise ProblemError("unauthorized", detail, dict(CHALLENGE))
        return LOCAL_ADMIN
    admission = await context.keys.admit(token)
    request.state.rate_headers = admission.rate_headers
    return admission.principal


def requires(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that gives the principal if it has `scope`, and else refuses with `forbidden`."""

    async def permitted(asker: Annotated[Principal, Depends(principal)]) -> Principal:
        if not asker.may(scope):
            raise ProblemError("forbidden", f"This key lacks the scope `{scope}`; use one that has it.")
        return asker

    return permitted


Asker = Annotated[Principal, Depends(principal)]
Analyzer = Annotated[Principal, Depends(requires(ANALYZE))]
Reader = Annotated[Principal, Depends(requires(READ))]
Admin = Annotated[Principal, Depends(requires(ADMIN))]
