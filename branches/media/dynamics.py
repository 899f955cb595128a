"""How the regions of a face look from frame to frame: what the temporal network reads."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from branches.media.crops import CROP_SIZE

REGIONS: Final = {
    "left_eye": (85, 118, 55, 108),
    "right_eye": (85, 118, 116, 169),
    "nose": (110, 148, 92, 132),
    "mouth": (148, 190, 75, 149),
    "chin": (190, 215, 80, 144),
    "left_cheek": (125, 165, 48, 82),
    "right_cheek": (125, 165, 142, 176),
    "forehead": (45, 80, 70, 154),
}
"""Top, bottom, left and right of each region in an aligned crop, in pixels; left as the viewer sees it."""
BLUR_SIGMA_PX: Final = 1.2
LEAST_ENERGY: Final = 0.05
"""Added before every logarithm: a twentieth of a squared grey level, which no codec keeps."""

Series = NDArray[np.float32]


def region_detail(crops: NDArray[np.uint8]) -> Series:
    """Logarithm of the mean squared detail of each region: what a small blur takes away from the grey picture.

    `crops` are aligned, uint8 RGB `(N, 224, 224, 3)`; gives float32 `(N, len(REGIONS))`, natural logarithms of squared
    grey levels.

    Raises:
        ValueError: the crops are of another size.
    """
    pictures = (grey.astype(np.float32) for grey in _greys(crops))
    return _by_region([np.square(each - cv2.GaussianBlur(each, (0, 0), BLUR_SIGMA_PX)) for each in pictures])


def region_motion(crops: NDArray[np.uint8], burst: NDArray[np.int64]) -> Series:
    """How much of each region's change since the frame before is movement: by how much optical flow lowers it.

    `crops` as `region_detail` takes them, `burst` int64 `(N,)`. Gives float32 `(N, len(REGIONS))`, the natural
    logarithm of the mean squared change over what is left of it once the frame is warped along dense inverse search
    flow (Kroeger et al. 2016, arXiv 1603.03590); 0 where a burst begins.

    Raises:
        ValueError: the crops are of another size.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    greys = _greys(crops)
    columns, rows = np.meshgrid(*(np.arange(CROP_SIZE, dtype=np.float32),) * 2)
    motion = np.zeros((len(crops), len(REGIONS)), np.float32)
    for place in np.flatnonzero(np.diff(burst) == 0) + 1:
        before, after = greys[place - 1], greys[place]
        moved = flow.calc(before, after, np.zeros((CROP_SIZE, CROP_SIZE, 2), np.float32))
        warped = cv2.remap(after, columns + moved[..., 0], rows + moved[..., 1], cv2.INTER_LINEAR)
        change, rest = _by_region([np.square(before.astype(np.float32) - other) for other in (after, warped)])
        motion[place] = change - rest
    return motion


def _greys(crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    if crops.shape[1:] != (CROP_SIZE, CROP_SIZE, 3):
        raise ValueError(f"expected (N, {CROP_SIZE}, {CROP_SIZE}, 3) crops, got {crops.shape}")
    return [np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8) for crop in crops]


def _by_region(energies: list[NDArray[np.float32]]) -> Series:
    """Logarithm of the mean of each picture `(224, 224)` over each region."""
    means = [
        [energy[top:bottom, left:right].mean() for top, bottom, left, right in REGIONS.values()] for energy in energies
    ]
    logarithms: Series = np.log(np.array(means, np.float32) + LEAST_ENERGY)
    return logarithms
