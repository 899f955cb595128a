"""Who asks, as every route is told: the key that was sent is looked up, and its scope is required."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from service.access.principal import ADMIN, ANALYZE, CHALLENGE, LOCAL_ADMIN, READ, Principal
from service.api.context import Given
from service.contract.problems import ProblemError

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="`Authorization: Bearer vc_…`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="apiKey", description="`X-API-Key: vc_…`")


async def principal(
    request: Request,
    context: Given,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    api_key: Annotated[str | None, Depends(_header)],
) -> Principal:
    """Whose request this is. A key that is sent always counts, even where none is required.

    Raises:
        ProblemError: `unauthorized`, or `rate_limited`.
    """
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
