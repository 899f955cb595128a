"""How far recent clips lie from those that the models learnt on."""

from typing import Final

from psycopg import AsyncConnection

from fusion.reference import Reference

WINDOW_CLIPS: Final = 500
LEAST_CLIPS: Final = 50
"""Fewer values say nothing: the index of a fair sample of 50 clips is already about 0.2."""


class DriftWatch:
    """Compares the last clips with a reference; without one there is nothing to tell."""

    def __init__(self, reference: Reference | None) -> None:
        self._reference = reference

    @classmethod
    def shipped(cls) -> "DriftWatch":
        """With the reference that ships with the weights, if there is one."""
        try:
            return cls(Reference.read())
        except (OSError, ValueError, KeyError):
            return cls(None)

    async def measure(self, connection: AsyncConnection) -> tuple[dict[str, float], int]:
        """Population stability index by feature, and how many clips were looked at."""
        cursor = await connection.execute(
            "SELECT facts -> 'features', (facts ->> 'probability')::float8 FROM outcomes "
            "WHERE kind = 'analysis' AND facts ->> 'status' = 'complete' ORDER BY id DESC LIMIT %s",
            (WINDOW_CLIPS,),
        )
        rows = [{**(features or {}), "probability": probability} for features, probability in await cursor.fetchall()]
        if self._reference is None:
            return {}, len(rows)
        return self._reference.drift(rows, LEAST_CLIPS), len(rows)
