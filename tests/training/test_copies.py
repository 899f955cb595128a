"""What copies count beside the examples that they were made from."""

import numpy as np

from training.copies import copy_shares


def test_copies_share_what_is_given_to_their_sort() -> None:
    np.testing.assert_allclose(copy_shares((2, 0.25)), [0.75, 0.125, 0.125])
    np.testing.assert_allclose(copy_shares((3, 0.3), (1, 0.2)), [0.5, 0.1, 0.1, 0.1, 0.2])


def test_without_copies_examples_count_all() -> None:
    np.testing.assert_allclose(copy_shares((0, 0.3), (0, 0.2)), [1.0])
