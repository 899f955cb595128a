"""`/analyze/batch`: send several clips at once."""

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from service.access.principal import Principal
from service.api.asker import Analyzer
from service.api.context import Context, Given
from service.api.routes.accepting import accept, refuse_early
from service.api.routes.analyze import REFUSALS
from service.api.routes.forms import form_of
from service.api.routes.orders import Asked, AskedFor
from service.api.uploads import Batch, BatchItem, batch_limits, receive_batch
from service.contract.problems import ProblemDetails, ProblemError, responses
from service.contract.schemas import BatchAnswer
from service.jobs.analyses import as_body
from service.jobs.submission import Upload

router = APIRouter(tags=["analyses"])

HOW: Final = "Every clip fares on its own: it has an `analysisId` to poll, or an `error` that says why not."


@router.post(
    "/analyze/batch",
    status_code=202,
    response_model=BatchAnswer,
    openapi_extra=form_of("files", several=True),
    response_description=HOW,
    responses=responses(*(code for code in REFUSALS if code != "idempotency_conflict")),
)
async def analyze_batch(request: Request, asker: Analyzer, given: Given, asked: AskedFor) -> Response:
    """Accept several clips; those that are refused do not hold up the others.

    With an Idempotency-Key, a repeated batch gets the same analyses, clip by clip in the order sent.
    """
    asked.order(given)
    await refuse_early(given, asker, asked.numbered(0))
    batch = await receive_batch(request, given.store, batch_limits(given.settings))
    await _check(given, asked, batch)
    items = [
        await _item(given, asker, item, asked.numbered(number), batch.fields) for number, item in enumerate(batch.items)
    ]
    return Response(json.dumps({"items": items}, ensure_ascii=False, allow_nan=False), 202, None, "application/json")


async def _check(given: Context, asked: Asked, batch: Batch) -> None:
    """Refuse the whole batch, and delete its clips, if its form asks for what there is not."""
    try:
        asked.order(given, batch.fields)
    except ProblemError:
        for item in batch.items:
            await run_in_threadpool(given.store.delete, item.analysis_id)
        raise


async def _item(
    given: Context, asker: Principal, item: BatchItem, asked: Asked, fields: dict[str, str]
) -> dict[str, Any]:
    if isinstance(item.outcome, ProblemDetails):
        return _refused(item, item.outcome)
    upload = Upload(item.outcome, item.filename, fields)
    try:
        accepted, row = await accept(given, asker, item.analysis_id, upload, asked.order(given, fields))
    except ProblemError as error:
        return _refused(item, error.details)
    return {**as_body(row, accepted.reused), "filename": item.filename}


def _refused(item: BatchItem, problem: ProblemDetails) -> dict[str, Any]:
    return {"filename": item.filename, "error": problem.model_dump()}
