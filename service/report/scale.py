"""What charts in HTML and in PDF share: where a value lies, and in what colour."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.evidence.colours import colour_of


@dataclass(frozen=True, slots=True)
class Scale:
    """A line from `low` to `high`."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> "Scale":
        """As long as it must be to hold the values."""
        held = list(values)
        low, high = min(held), max(held)
        return cls(low, high if high > low else low + 1)

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def shade(probability: float) -> str:
    """A probability's colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour_of(probability))
