"""What every route works with."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from service.access.held import HeldAnswers
from service.access.keys import Keys
from service.database.pool import Pool
from service.jobs.analyses import Analyses
from service.jobs.watching import Watcher
from service.media.playable import Playables
from service.media.storage import MediaStore
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of one running API."""

    settings: Settings
    pool: Pool
    analyses: Analyses
    store: MediaStore
    keys: Keys
    watcher: Watcher
    model_version: str | None
    playables: Playables
    held: HeldAnswers


def _of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Given = Annotated[Context, Depends(_of)]
