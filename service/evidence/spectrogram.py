"""The most suspect speech as the voice network's constant-Q transform shows it, with the windows that it scored."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
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
EDGE_PX: Final = 12
LEAST_WIDTH_PX: Final = 600
MARKED_HZ: Final = (125, 250, 500, 1000, 2000, 4000)
INK: Final = (40, 40, 40)
LONGEST_S: Final = 16.0
"""Sound beyond this is cut about the most suspect window: the picture stays readable, and its cost bounded."""


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
        "plot": {"left": LEFT_PX, "top": TOP_PX, "bottom": BOTTOM_PX},
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


def _drawn(spectrum: Spectrum, windows: list[Moment], worst: Moment) -> NDArray[np.uint8]:
    loudness = np.clip(1 + spectrum.decibels[::-1] / RANGE_DB, 0, 1)
    grey = (255 * (1 - loudness**1.2)).astype(np.uint8)
    zoom = max(1, round(LEAST_WIDTH_PX / grey.shape[1]))
    chart = _Chart(spectrum, np.repeat(grey, zoom, axis=1), spectrum.step_s / zoom)
    chart.scales()
    for number, window in enumerate(windows):
        chart.mark(window, number % 2, window is worst)
    return np.asarray(chart.image, np.uint8)


class _Chart:
    """A grey picture, so that only what the network found is in colour, with its scales and marks."""

    def __init__(self, spectrum: Spectrum, grey: NDArray[np.uint8], step_s: float) -> None:
        self.spectrum, self.step_s = spectrum, step_s
        self.height: int = grey.shape[0]
        self.width: int = grey.shape[1]
        self.image = Image.new("RGB", (LEFT_PX + self.width, TOP_PX + self.height + BOTTOM_PX), (255, 255, 255))
        self.image.paste(Image.fromarray(grey).convert("RGB"), (LEFT_PX, TOP_PX))
        self.pen, self.font = ImageDraw.Draw(self.image), ImageFont.load_default(size=12)

    def column(self, time_s: float) -> float:
        """Where a moment of the clip lies, within the picture."""
        column = (time_s - self.spectrum.start_s) / self.step_s
        return LEFT_PX + min(max(column, 0.0), self.width - 1.0)

    def scales(self) -> None:
        """Frequencies on the left, seconds below."""
        foot = TOP_PX + self.height
        for hertz in MARKED_HZ:
            row = int(np.abs(self.spectrum.frequencies_hz - hertz).argmin())
            self.pen.text((LEFT_PX - 6, foot - 1 - row), f"{hertz} Hz", fill=INK, font=self.font, anchor="rm")
        end_s = self.spectrum.start_s + self.width * self.step_s
        for second in range(int(np.ceil(self.spectrum.start_s)), int(end_s) + 1):
            x = self.column(second)
            self.pen.line((x, foot, x, foot + 4), fill=INK)
            anchor = "ma" if x + EDGE_PX < LEFT_PX + self.width else "ra"
            self.pen.text((x, foot + 6), f"{second} s", fill=INK, font=self.font, anchor=anchor)

    def mark(self, window: Moment, row: int, worst: bool) -> None:
        """A scored window above the picture in the colour of its probability; the worst one is framed within it."""
        left, right, top = self.column(window.start_s), self.column(window.end_s), 2 + 16 * row
        self.pen.rectangle((left, top, right, top + 13), fill=colour_of(window.probability), outline=INK)
        ink = INK if 0.2 < window.probability < 0.8 else (255, 255, 255)
        middle = ((left + right) / 2, top + 7)
        self.pen.text(middle, f"{window.probability:.0%}", fill=ink, font=self.font, anchor="mm")
        if worst:
            self.pen.rectangle((left, TOP_PX, right, TOP_PX + self.height - 1), outline=INK, width=2)
