"""The queues that workers take from, and in which order."""

from typing import Final

ANALYZE: Final = "analyze"
SCAN: Final = "scan"
AUDIT: Final = "audit"
QUEUES: Final = (ANALYZE, SCAN, AUDIT)
"""Uploads; uploads of which every second is looked at (`scan=full`); reruns of early exits."""

PRIORITIES: Final = {"normal": 0, "low": -5, "audit": -10}
"""Of the jobs that wait, in whichever queue, the highest goes first; among equals, the oldest."""
