"""A typed client of the HTTP API.

with Client("http://127.0.0.1:8000") as client:
    analysis = client.wait(client.analyze(Path("clip.mp4")).analysis_id)
    print(analysis.result.verdict, analysis.result.confidence)
"""

from service.client.api import Client
from service.client.errors import (
    AccessError,
    AnalysisFailedError,
    BusyError,
    ClientError,
    ConflictError,
    NotFoundError,
    RefusedError,
    UnreachableError,
    WaitedTooLongError,
)
from service.client.following import Event

__all__ = [
    "AccessError",
    "AnalysisFailedError",
    "BusyError",
    "Client",
    "ClientError",
    "ConflictError",
    "Event",
    "NotFoundError",
    "RefusedError",
    "UnreachableError",
    "WaitedTooLongError",
]
