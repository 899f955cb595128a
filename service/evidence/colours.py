"""One scale of colour for probabilities of being fake, in every picture and chart: blue, white at one half, red."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STOPS: Final = ((0.0, (33, 102, 172)), (0.25, (103, 169, 207)), (0.5, (247, 247, 247)), (0.75, (239, 138, 98)),
                (1.0, (178, 24, 43)))  # fmt: skip
"""ColorBrewer's RdBu, which people with colour blindness can read."""


def colours_of(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours uint8 RGB `(..., 3)` of probabilities `(...)`."""
    places = [place for place, _ in STOPS]
    channels = [np.interp(probability, places, [colour[channel] for _, colour in STOPS]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def colour_of(probability: float) -> tuple[int, int, int]:
    """The colour of one probability."""
    red, green, blue = colours_of(np.array(probability)).tolist()
    return red, green, blue
