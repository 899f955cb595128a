"""Errors as problem+json (RFC 9457), each with a stable `code` and a sentence that says what to do."""

from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

MEDIA_TYPE: Final = "application/problem+json"

STATUS_OF_CODE: Final[dict[str, int]] = {
    "invalid_request": 422,
    "unsupported_media": 415,
    "no_video_stream": 422,
    "media_corrupt": 422,
    "too_large": 413,
    "too_long": 422,
    "queue_full": 429,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "unauthorized": 401,
    "forbidden": 403,
    "too_slow": 408,
    "insufficient_storage": 507,
    "range_not_satisfiable": 416,
    "not_playable": 422,
    "not_complete": 409,
    "idempotency_conflict": 409,
    "callback_refused": 422,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_ready": 503,
    "unavailable": 503,
    "worker_crashed": 500,
    "analysis_timeout": 500,
    "media_lost": 500,
    "models_unavailable": 503,
    "internal_error": 500,
}
"""Every code that this service gives, with the HTTP status that belongs to it."""


class ProblemDetails(BaseModel):
    """The body of every error, and the `error` of an analysis that failed."""

    type: str
    title: str
    status: int
    detail: str
    code: str

    @classmethod
    def of(cls, code: str, detail: str, status: int | None = None) -> "ProblemDetails":
        """Fill in what follows from the code."""
        number = status or STATUS_OF_CODE.get(code, 500)
        title = HTTPStatus(number).phrase
        return cls(type=f"urn:vericlip:problem:{code}", title=title, status=number, detail=detail, code=code)


class ProblemError(Exception):
    """Raised anywhere below a route; becomes the response. `headers` go out with it, such as `Retry-After`."""

    def __init__(self, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.details = ProblemDetails.of(code, detail)
        self.headers = headers


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """What a route declares for OpenAPI: its problems by HTTP status."""
    by_status: dict[int | str, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS_OF_CODE[code], []).append(code)
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {"description": " or ".join(f"`{code}`" for code in group), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, group in by_status.items()
    }
