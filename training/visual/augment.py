"""What happens to a picture between camera and upload, drawn once and done to both members of a pair."""

import io
from dataclasses import dataclass
from typing import Final

import av
import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.visual.picture import Image
from training.visual.pseudo_fakes import recolour
from training.visual.rerender import ENLARGE, SHRINK, sharpen

GENTLE_SHARE: Final = 0.16
"""How many pictures are hardly degraded, where a recipe does not say."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One drawn chain of degradations; the same `seed` repeats the same noise and kernels."""

    flip: bool
    colour: float
    blur_sigma: float
    scale: float
    sharpen: bool
    noise_sigma: float
    codec: str
    quality: int
    seed: int


def draw_chain(rng: Generator, gentle_share: float = GENTLE_SHARE) -> Chain:
    """Draw a chain; `gentle_share` of the pictures are only compressed, and not hard."""
    gentle = rng.random() < gentle_share
    return Chain(
        flip=bool(rng.random() < 0.5),
        colour=0.0 if gentle else float(rng.uniform(0, 0.4)),
        blur_sigma=float(rng.uniform(0.3, 1.6)) if rng.random() < 0.3 and not gentle else 0.0,
        scale=float(rng.uniform(0.4, 1.0)) if rng.random() < 0.5 and not gentle else 1.0,
        sharpen=bool(rng.random() < 0.15 and not gentle),
        noise_sigma=float(rng.uniform(1, 7)) if rng.random() < 0.3 and not gentle else 0.0,
        codec=str(rng.choice(["jpeg", "h264", "none"], p=[0.45, 0.4, 0.15])),
        quality=int(rng.integers(50 if gentle else 0, 101)),
        seed=int(rng.integers(0, 2**31)),
    )


def degrade(image: Image, chain: Chain) -> Image:
    """Apply a chain to uint8 RGB `(H, W, 3)`; the size changes with its scale."""
    rng = np.random.default_rng(chain.seed)
    picture = np.ascontiguousarray(image[:, ::-1]) if chain.flip else image
    if chain.colour:
        picture = recolour(picture, rng, chain.colour)
    if chain.blur_sigma:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), chain.blur_sigma))
    if chain.scale < 1:
        picture = _rescale(picture, chain.scale, rng)
    if chain.sharpen:
        picture = sharpen(picture, rng, most=0.8)
    if chain.noise_sigma:
        noisy = picture + rng.normal(0, chain.noise_sigma, picture.shape)
        picture = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return compress(picture, chain.codec, chain.quality)


def compress(image: Image, codec: str, quality: int) -> Image:
    """Pass through JPEG (quality 30 to 95), one H.264 key frame (CRF 38 to 18), or nothing; `quality` 0 to 100."""
    if codec == "jpeg":
        _, content = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30 + quality * 65 // 100])
        return read_picture(content)
    return _through_h264(image, 38 - quality * 20 // 100) if codec == "h264" else image


def read_picture(content: NDArray[np.uint8]) -> Image:
    """Decode an encoded picture, uint8 `(bytes,)`, into uint8 RGB.

    Raises:
        ValueError: these bytes are no picture.
    """
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("these bytes are no picture that OpenCV can read")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def _through_h264(image: Image, crf: int) -> Image:
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    file = io.BytesIO()
    with av.open(file, "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r", format="h264") as container:
        container.streams.video[0].codec_context.thread_count = 1
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _rescale(image: Image, scale: float, rng: Generator) -> Image:
    """Shrink as a web page would; half of the time enlarge again, so that scale says nothing of the class."""
    height, width = image.shape[:2]
    size = (max(48, round(width * scale)), max(48, round(height * scale)))
    shrunk = cv2.resize(image, size, interpolation=int(rng.choice(SHRINK)))
    if rng.random() < 0.5:
        return np.asarray(shrunk)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=int(rng.choice(ENLARGE))))
