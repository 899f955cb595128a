"""The analysis that a path names, if the asker may see it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from service.api.asker import Reader
from service.api.context import Given
from service.jobs.analyses import Analysis


async def owned_analysis(analysis_id: UUID, asker: Reader, given: Given) -> Analysis:
    """The row of one analysis.

    Raises:
        ProblemError: `not_found`, also where it is someone else's; `unauthorized` or `forbidden`.
    """
    return await given.analyses.owned(analysis_id, asker)


Owned = Annotated[Analysis, Depends(owned_analysis)]
