"""Fonts of the PDF: DejaVu Sans, which comes with the service, and for what it lacks the system's, if it has any."""

import unicodedata
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

FAMILY: Final = "DejaVu"
FALLBACK: Final = "Fallback"
FILES: Final = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
"""Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and more, by fpdf's name of the style."""

SYSTEM_FONTS: Final = (
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts/truetype/unifont/unifont.ttf"),
)
"""Debian's fonts-droid-fallback and fonts-unifont, which hold Chinese, Japanese, Korean and Indic scripts."""


def bundled(style: str) -> Path:
    """Where a style of DejaVu Sans lies."""
    return Path(str(resources.files("service.report") / "fonts" / FILES[style]))


@cache
def fallback() -> Path | None:
    """The first of the system's fonts that is there."""
    return next((path for path in SYSTEM_FONTS if path.is_file()), None)


@cache
def drawable() -> frozenset[int]:
    """Every code point that one of the fonts has a picture for."""
    paths = [bundled(""), *([found] if (found := fallback()) is not None else [])]
    return frozenset(code for path in paths for code in _codes(path))


def spelt(text: str) -> str:
    """Text with every sign that no font can draw spelt out as `\\u{4f60}`."""
    known = drawable()
    return "".join(sign if ord(sign) in known or sign == "\n" else f"\\u{{{ord(sign):04x}}}" for sign in text)


def needs_shaping(text: str) -> bool:
    """Whether it has signs of a script that joins them, stacks them, or runs from right to left."""
    return any(unicodedata.bidirectional(sign) in ("R", "AL", "NSM") or unicodedata.combining(sign) for sign in text)


def _codes(path: Path) -> set[int]:
    with TTFont(path, lazy=True) as font:
        return set(font.getBestCmap())
