"""One colour scale for probabilities of being fake, in every picture and chart: teal, pale at one half, vermilion."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STOPS: Final = ((0.0, (11, 98, 90)), (0.25, (108, 181, 170)), (0.5, (246, 246, 243)), (0.75, (236, 144, 117)),
                (1.0, (176, 48, 20)))  # fmt: skip
"""The web page's own two, blue-green and orange-red, which people with colour blindness can tell apart."""


def colours_of(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours uint8 RGB `(..., 3)` of probabilities `(...)`."""
    places = [place for place, _ in STOPS]
    channels = [np.interp(probability, places, [colour[channel] for _, colour in STOPS]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def colour_of(probability: float) -> tuple[int, int, int]:
    """The colour of one probability."""
    red, green, blue = colours_of(np.array(probability)).tolist()
    return red, green, blue
