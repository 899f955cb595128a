"""What answers look like, for the API's description. A test holds them to the models."""

from service.api.examples.analyses import BATCH, CANCELLED, COMPLETE, PAGE, QUEUED, RESULT, RUNNING
from service.api.examples.documents import EVIDENCE, EVIDENCE_FILE, REPORT
from service.api.examples.operations import ALIVE, HEALTH, MODELS

__all__ = [
    "ALIVE",
    "BATCH",
    "CANCELLED",
    "COMPLETE",
    "EVIDENCE",
    "EVIDENCE_FILE",
    "HEALTH",
    "MODELS",
    "PAGE",
    "QUEUED",
    "REPORT",
    "RESULT",
    "RUNNING",
]
