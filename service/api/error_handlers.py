"""Turns whatever goes wrong in a request into a problem+json response."""

import logging

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from service.access.edge import HEADERS
from service.contract.problems import MEDIA_TYPE, ProblemDetails, ProblemError
from service.media.storage import StoreUnavailableError

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Turn every kind of error into problem+json."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    for kind in (psycopg.OperationalError, PoolTimeout, ConnectorException, StoreUnavailableError):
        app.add_exception_handler(kind, _on_unavailable)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _respond(error.details, error.headers)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media"}
    code = codes.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal_error")
    detail = f"There is no {request.url.path} here; see /docs." if code == "not_found" else str(error.detail)
    return _respond(ProblemDetails.of(code, detail, error.status_code), dict(error.headers) if error.headers else None)


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    return _respond(ProblemDetails.of("invalid_request", "; ".join(faults)))


async def _on_unavailable(_request: Request, error: Exception) -> Response:
    if isinstance(error, psycopg.errors.DiskFull):
        details = ProblemDetails.of("insufficient_storage", "The database has no room left; try again later.")
        return _respond(details, {"Retry-After": "300"})
    log.error("out of reach: %s", error)
    what = "media store" if isinstance(error, StoreUnavailableError) else "database"
    details = ProblemDetails.of("unavailable", f"The {what} is out of reach; try again in a few seconds.")
    return _respond(details, {"Retry-After": "5"})


async def _on_unexpected(_request: Request, _error: Exception) -> Response:
    details = ProblemDetails.of("internal_error", "Something broke on our side; the log of the service says what.")
    # This answer is given outside the application's own layers, so it brings the headers that they would add.
    return _respond(details, HEADERS)


def _respond(details: ProblemDetails, headers: dict[str, str] | None = None) -> Response:
    """The HTTP response of a problem."""
    return Response(details.model_dump_json(), details.status, headers, MEDIA_TYPE)
