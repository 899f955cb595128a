"""The HTTP API as an application object; it neither starts a database nor analyses anything itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from service import error_handlers
from service.access.keys import Keys
from service.analyses import Analyses
from service.database import make_pool
from service.jobs import Jobs, make_app
from service.routes import analyze, health, status
from service.routes.context import Context
from service.settings import Settings
from service.storage import MediaStore

DESCRIPTION = """
Tells whether a short video clip of people is authentic or a deepfake, how sure that is, and why.
Send a clip to `POST /analyze`, then poll `GET /status/{analysisId}`.
Errors are `application/problem+json` with a stable `code`.
"""


def create_app(settings: Settings, conninfo: str) -> FastAPI:
    """Build the API on a migrated database. It opens its connections when it starts up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine, pool = make_app(), make_pool(conninfo)
        store = MediaStore(settings.media_location, settings.scratch_dir)
        store.prepare()
        async with pool, engine.open_async(pool):
            app.state.context = Context(settings, Analyses(pool, Jobs(engine)), store, Keys(pool))
            yield

    app = FastAPI(title="Vericlip", description=DESCRIPTION, version=version("vericlip"), lifespan=lifespan)
    for router in (analyze.router, status.router, health.router):
        app.include_router(router)
    error_handlers.install(app)
    return app
