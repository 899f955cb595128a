"""`/models`: what this service judges by."""

from functools import cache

from fastapi import APIRouter, Depends

from service.access.principal import READ
from service.api.asker import requires
from service.contract.base import Contract
from service.contract.manifest import ModelEntry, published_models
from service.contract.problems import responses

router = APIRouter(tags=["models"])


class ModelList(Contract):
    """Every trained artefact with its hash, its figures and how it was made."""

    artefacts: list[ModelEntry]


@router.get("/models", dependencies=[Depends(requires(READ))], responses=responses("unavailable"))
async def models() -> ModelList:
    """The networks and fusion heads of this release; the model card tells more."""
    return _published()


@cache
def _published() -> ModelList:
    return ModelList(artefacts=published_models())
