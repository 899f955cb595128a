"""The API's description, with an example for every answer, problems too."""

import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI

from service.api.examples import (
    ALIVE,
    BATCH,
    CANCELLED,
    COMPLETE,
    EVIDENCE,
    EVIDENCE_FILE,
    HEALTH,
    MODELS,
    PAGE,
    QUEUED,
    REPORT,
    RUNNING,
)
from service.contract.problems import MEDIA_TYPE, STATUS_OF_CODE, ProblemDetails

CODE: Final = re.compile(r"`(\w+)`")
DETAILS: Final = {
    "invalid_request": "The body must be multipart/form-data; send the clip in the field `file`.",
    "not_found": "There is no analysis 5f0c6f6e-6f0a-4b53-9d0e-2d8f6f1c7a11; it may have expired or been erased.",
    "queue_full": "200 clips are waiting already; send this one again after the time in Retry-After.",
    "idempotency_conflict": "This Idempotency-Key came with another clip before; use a new key for each new clip.",
    "callback_refused": "This service makes no callbacks; poll /status, or follow its events.",
    "media_corrupt": "The clip is empty; send a video file.",
    "too_large": "The clip is larger than 200,000,000 bytes; send a shorter or smaller one.",
    "unauthorized": "Send an API key, as in: Authorization: Bearer vc_…",
    "unavailable": "The database is out of reach; try again in a few seconds.",
}
"""How a problem's `detail` reads; of the others, the title says enough."""

FRAMEWORKS_OWN: Final = {"$ref": "#/components/schemas/HTTPValidationError"}
"""What the framework says of requests that it finds invalid; the service answers with a problem."""
PROBLEM: Final = {"$ref": "#/components/schemas/ProblemDetails"}

ANSWERS: Final[dict[tuple[str, str, str], dict[str, Any]]] = {
    ("post", "/analyze", "200"): COMPLETE,
    ("post", "/analyze", "202"): QUEUED,
    ("post", "/analyze/batch", "202"): BATCH,
    ("delete", "/analyze/{analysis_id}", "200"): CANCELLED,
    ("post", "/analyses/{analysis_id}/rerun", "200"): COMPLETE,
    ("post", "/analyses/{analysis_id}/rerun", "202"): QUEUED,
    ("get", "/analyses", "200"): PAGE,
    ("get", "/analyses/{analysis_id}/evidence", "200"): EVIDENCE,
    ("get", "/analyses/{analysis_id}/evidence/{name}", "200"): EVIDENCE_FILE,
    ("get", "/report/{analysis_id}.json", "200"): REPORT,
    ("get", "/models", "200"): MODELS,
    ("get", "/health", "200"): HEALTH,
    ("get", "/livez", "200"): ALIVE,
    ("get", "/readyz", "200"): ALIVE,
}
GUARDS: Final = ("unauthorized", "forbidden", "rate_limited", "unavailable")
"""What may be said instead of any answer that needs a key: all of it is asked of the database."""
STATES: Final = {"running": {"value": RUNNING}, "complete": {"value": COMPLETE}}


class DescribedApi(FastAPI):
    """An application whose description is completed when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            described = super().openapi()
            for operation in (one for path in described["paths"].values() for one in path.values()):
                _add_guards(operation)
            for method, path, status, response in _responses(described):
                _add_examples(method, path, status, response)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _add_guards(operation: dict[str, Any]) -> None:
    """Any operation that asks for a key may refuse one, and any that a key pays for may ask to slow down."""
    for code in GUARDS if operation.get("security") else ():
        response = operation["responses"].setdefault(
            str(STATUS_OF_CODE[code]), {"description": "", "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        )
        if f"`{code}`" not in response["description"]:
            response["description"] = " or ".join(filter(None, (response["description"], f"`{code}`")))


def _responses(described: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                yield method, path, status, response


def _add_examples(method: str, path: str, status: str, response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if content.get("application/json", {}).get("schema") == FRAMEWORKS_OWN:
        response["description"], content = "`invalid_request`", {MEDIA_TYPE: {"schema": PROBLEM}}
        response["content"] = content
    if MEDIA_TYPE in content:
        codes = [code for code in CODE.findall(response["description"]) if code in STATUS_OF_CODE]
        content[MEDIA_TYPE].setdefault("examples", {code: {"value": _problem(code)} for code in codes})
    elif (method, path) == ("get", "/status/{analysis_id}") and status == "200":
        content["application/json"]["examples"] = STATES
    elif (example := ANSWERS.get((method, path, status))) is not None:
        content["application/json"]["example"] = example


def _problem(code: str) -> dict[str, Any]:
    problem = ProblemDetails.of(code, "")
    return problem.model_copy(update={"detail": DETAILS.get(code, f"{problem.title}.")}).model_dump()
