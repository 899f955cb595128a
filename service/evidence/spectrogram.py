"""The most suspect speech as the voice network's constant-Q transform shows it, with the windows that it scored."""

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from branches.audio import Spectrum
from branches.media.pictures import as_png
from branches.types import Moment, Waveform
from service.evidence.artefact import Artefact, Scene
from service.evidence.colours import colour_of

RANGE_DB: Final = 70.0
LEFT_PX: Final = 52
TOP_PX: Final = 34
BOTTOM_PX: Final = 22
MARKED_HZ: Final = (125, 250, 500, 1000, 2000, 4000)
LONGEST_S: Final = 16.0
"""Sound beyond this is cut about the most suspect window: the picture stays readable, and its cost bounded."""

Box = tuple[float, float, float, float]


def spectrogram(scene: Scene) -> list[Artefact]:
    """A picture of the sound that holds the window with the highest probability of being synthetic."""
    found = scene.scored("audio")
    if found is None or not found.timeline:
        return []
    worst = max(found.timeline, key=lambda window: window.probability)
    sound = _holding(scene.media.sound, worst)
    spectrum = scene.hear(sound) if sound is not None else None
    if spectrum is None:
        return []
    end_s = spectrum.start_s + spectrum.decibels.shape[1] * spectrum.step_s
    shown = [window for window in found.timeline if window.start_s < end_s and window.end_s > spectrum.start_s]
    details = {
        "startS": round(spectrum.start_s, 3),
        "endS": round(end_s, 3),
        "lowestHz": float(spectrum.frequencies_hz[0]),
        "highestHz": round(float(spectrum.frequencies_hz[-1]), 1),
        "worst": {"startS": round(worst.start_s, 3), "endS": round(worst.end_s, 3)},
        "plot": {"left": LEFT_PX, "top": TOP_PX, "right": 0, "bottom": BOTTOM_PX},
    }
    content = as_png(_drawn(spectrum, shown, worst))
    return [Artefact("spectrogram.png", "spectrogram", "The voice, as the network hears it", content, details)]


def _holding(sounds: tuple[Waveform, ...], window: Moment) -> Waveform | None:
    for sound in sounds:
        if sound.start_s <= window.start_s + 1e-6 and window.end_s <= sound.start_s + sound.duration_s + 1e-6:
            return _cut(sound, (window.start_s + window.end_s) / 2)
    return None


def _cut(sound: Waveform, centre_s: float) -> Waveform:
    most = round(LONGEST_S * sound.sample_rate_hz)
    middle = round((centre_s - sound.start_s) * sound.sample_rate_hz)
    first = min(max(middle - most // 2, 0), max(sound.samples.size - most, 0))
    samples = np.ascontiguousarray(sound.samples[first : first + most])
    return Waveform(samples, sound.sample_rate_hz, sound.start_s + first / sound.sample_rate_hz)


def _drawn(
    spectrum: Spectrum, windows: list[Moment], worst: Moment
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    loudness = np.clip(1 + spectrum.decibels[::-1] / RANGE_DB, 0, 1)
    # Grey, so that only what the network found is in colour.
    inside = np.repeat((255 * (1 - loudness**1.2)).astype(np.uint8)[..., None], 3, axis=2)
    height, width = inside.shape[:2]
    image = Image.new("RGB", (LEFT_PX + width, TOP_PX + height + BOTTOM_PX), (255, 255, 255))
    image.paste(Image.fromarray(inside), (LEFT_PX, TOP_PX))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=12)
    for hertz in MARKED_HZ:
        row = int(np.abs(spectrum.frequencies_hz - hertz).argmin())
        pen.text((LEFT_PX - 6, TOP_PX + height - 1 - row), f"{hertz} Hz", fill=(60, 60, 60), font=font, anchor="rm")
    for second in range(int(np.ceil(spectrum.start_s)), int(spectrum.start_s + width * spectrum.step_s) + 1):
        x = LEFT_PX + (second - spectrum.start_s) / spectrum.step_s
        pen.line((x, TOP_PX + height, x, TOP_PX + height + 4), fill=(60, 60, 60))
        pen.text((x, TOP_PX + height + 6), f"{second} s", fill=(60, 60, 60), font=font, anchor="ma")
    for number, window in enumerate(windows):
        left, right = (LEFT_PX + (edge - spectrum.start_s) / spectrum.step_s for edge in (window.start_s, window.end_s))
        top = 2 + 16 * (number % 2)
        box = (max(left, LEFT_PX), top, min(right, LEFT_PX + width) - 1, top + 13)
        _mark(pen, box, window, font)
        if window is worst:
            pen.rectangle((box[0], TOP_PX, box[2], TOP_PX + height - 1), outline=colour_of(1.0), width=2)
    return np.asarray(image, np.uint8)


def _mark(
    pen: ImageDraw.ImageDraw, box: Box, window: Moment, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont"
) -> None:
    """One scored window above the picture, in the colour of its probability."""
    pen.rectangle(box, fill=colour_of(window.probability), outline=(60, 60, 60))
    light = 0.2 < window.probability < 0.8
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    pen.text(middle, f"{window.probability:.0%}", fill=(0, 0, 0) if light else (255, 255, 255), font=font, anchor="mm")
