"""The type of every picture in training."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""RGB `(H, W, 3)`."""
