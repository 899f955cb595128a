"""How many answers are held open at a time, so that one key's streams and waits leave connections to the others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class HeldAnswers:
    """Counts, in one API process, open streams of events and waits by the key whose analyses they follow."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = Counter[str | None]()

    def is_full(self, key_id: str | None) -> bool:
        """Whether this key's analyses are followed as often as may be."""
        return self._held[key_id] >= self._most

    @contextmanager
    def one_more(self, key_id: str | None) -> Iterator[None]:
        """Count one while it is open."""
        self._held[key_id] += 1
        try:
            yield
        finally:
            self._held[key_id] -= 1
            if not self._held[key_id]:
                del self._held[key_id]
