"""A service that takes clips and has no worker: tests do the work, by hand, in its database."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID, uuid4

from service.access.keys import Grant, Keys
from service.api.examples import RESULT
from service.client import Client
from service.contract.problems import ProblemDetails
from service.database.pool import make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app
from service.jobs.submission import Accepted, Submission
from tests.service.running import RunningService

Value = TypeVar("Value")


def using(conninfo: str, work: Callable[[Analyses], Awaitable[Value]]) -> Value:
    """Run `work` on the table of analyses."""

    async def run() -> Value:
        pool, engine = make_pool(conninfo), make_app()
        async with pool, engine.open_async(pool):
            return await work(Analyses(pool, Jobs(engine)))

    return asyncio.run(run())


def some_clip() -> bytes:
    """Bytes that nobody has sent before."""
    return f"clip {uuid4()}".encode()


class Desk(RunningService):
    """Use it in a `with`. Several tests may share it if each sends bytes of its own."""

    def client(self, tries: int = 1) -> Client:
        """A client of this service."""
        return Client(str(self.http.base_url), tries=tries)

    def work(self, work: Callable[[Analyses], Awaitable[Value]]) -> Value:
        """Do what a worker, or upkeep, would do."""
        return using(self.conninfo(), work)

    def key(self) -> str:
        """Make an API key; returns its id."""

        async def make() -> str:
            async with make_pool(self.conninfo()) as pool:
                key_id, _ = await Keys(pool).create(Grant("test", frozenset({"analyze", "read"})))
                return key_id

        return asyncio.run(make())

    def submit_as(self, submission: Submission) -> Accepted:
        """Submit a clip that is not there."""

        async def do(analyses: Analyses) -> Accepted:
            return await analyses.submit(submission, 10_000)

        return self.work(do)

    def fail(self, analysis_id: UUID) -> None:
        """End an analysis with a problem."""

        async def do(analyses: Analyses) -> bool:
            return await analyses.fail(analysis_id, ProblemDetails.of("media_corrupt", "Broken."))

        self.work(do)

    def finish(self, analysis_id: UUID, result: dict[str, Any] = RESULT, model_version: str | None = None) -> None:
        """Start an analysis and write its result, by the models that were expected unless others are named."""
        (expected,) = self.query(f"SELECT model_version FROM analyses WHERE id = '{analysis_id}'")[0]

        async def do(analyses: Analyses) -> None:
            await analyses.start(analysis_id)
            await analyses.complete(analysis_id, json.dumps(result), model_version or expected)

        self.work(do)
