"""`/schemas/…`: the JSON Schema of what analyses answer, at addresses that stay."""

from typing import Any, Final, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.contract.problems import ProblemDetails, responses
from service.contract.schemas import AnalysisStatus, Result

router = APIRouter(tags=["schemas"])

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MODELS: Final[dict[str, type[BaseModel]]] = {"result": Result, "status": AnalysisStatus, "problem": ProblemDetails}


DESCRIBED: Final[dict[str, Any]] = {
    "description": "A JSON Schema.",
    "content": {"application/schema+json": {"example": {"$schema": DIALECT, "$id": "/schemas/result.json"}}},
}


class SchemaResponse(JSONResponse):
    """A JSON Schema has a media type of its own."""

    media_type = "application/schema+json"


@router.get(
    "/schemas/{name}.json", response_class=SchemaResponse, responses={200: DESCRIBED, **responses("invalid_request")}
)
async def json_schema(name: Literal["result", "status", "problem"]) -> SchemaResponse:
    """The schema of `result`, of a whole `status`, or of a `problem`; fields may be added, but none changed."""
    return SchemaResponse(schema_of(name))


def schema_of(name: str) -> dict[str, Any]:
    """A draft 2020-12 schema."""
    return {"$schema": DIALECT, "$id": f"/schemas/{name}.json", **MODELS[name].model_json_schema()}
