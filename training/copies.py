"""How much copies of examples, spoilt in one way or another, count beside the examples as they are."""

import numpy as np
from numpy.typing import NDArray


def copy_shares(*sorts: tuple[int, float]) -> NDArray[np.float64]:
    """What an example as it is counts, and then each of its copies, float64 `(1 + copies,)`, of sum one.

    Each sort of copies is given as how many there are, and what all of them count together; the example gets the rest.
    """
    parts = np.concatenate([np.repeat(share / max(count, 1), count) for count, share in sorts])
    return np.array([1 - parts.sum(), *parts])
