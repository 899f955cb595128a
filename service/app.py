"""The HTTP API as an application object; it neither starts a database nor analyses anything itself."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from service.access import edge
from service.access.held import HeldAnswers
from service.access.keys import Keys
from service.api import docs, error_handlers, page
from service.api.context import Context
from service.api.openapi import DescribedApi
from service.api.routes import (
    analyses,
    analyze,
    batch,
    events,
    evidence,
    health,
    json_schemas,
    media,
    metrics,
    models,
    report,
    status,
)
from service.database.pool import make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app
from service.jobs.model_version import expected_version
from service.jobs.watching import Watcher
from service.media.playable import Playables
from service.media.storage import MediaStore
from service.settings import Settings
from service.telemetry.drift import DriftWatch
from service.telemetry.requests import RequestTelemetry, make_registry

log = logging.getLogger(__name__)

DESCRIPTION = """
Tells whether a short video clip of people is authentic or a deepfake, how sure that is, and why.
Send a clip to `POST /analyze`, then poll `GET /status/{analysisId}`.
Errors are `application/problem+json` with a stable `code`.
"""


def let_go(app: FastAPI) -> None:
    """Answer those who wait for an analysis, so that they do not hold up a shutdown."""
    context: Context | None = getattr(app.state, "context", None)
    if context is not None:
        context.watcher.close()


def create_app(settings: Settings, conninfo: str) -> FastAPI:
    """Build the API on a migrated database. It opens its connections when it starts up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine, pool = make_app(), make_pool(conninfo)
        store = MediaStore(settings.media_location, settings.scratch_dir)
        store.prepare()
        async with pool, engine.open_async(pool):
            keys, watcher = Keys(pool), Watcher(pool)
            if settings.keys_required and not await keys.any_works():
                log.warning("requests need an API key, and there is none; `vericlip keys create` makes one")
            watching = asyncio.ensure_future(watcher.run())
            app.state.context = Context(
                settings,
                pool,
                Analyses(pool, Jobs(engine)),
                store,
                keys,
                watcher,
                expected_version(settings),
                Playables(store),
                HeldAnswers(settings.max_held),
            )
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    app = DescribedApi(
        title="Vericlip",
        description=DESCRIPTION,
        version=version("vericlip"),
        lifespan=lifespan,
        # Requests are traced by our own middleware, which leaves probes out.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        docs_url=None,
        redoc_url=None,
    )
    for router in (
        analyze.router,
        batch.router,
        status.router,
        events.router,
        analyses.router,
        media.router,
        evidence.router,
        report.router,
        models.router,
        json_schemas.router,
        health.router,
    ):
        app.include_router(router)
    app.include_router(metrics.router)
    docs.install(app)
    page.install(app)
    error_handlers.install(app)
    edge.install(app, settings)
    app.state.drift, app.state.registry = DriftWatch.shipped(), make_registry()
    # Outermost, so that whatever the layers below answer is timed, logged and traced.
    app.add_middleware(RequestTelemetry, registry=app.state.registry)
    return app
