"""Media bytes in, media values out: the only code that probes, decodes, crops or resamples a clip."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from branches.media.crops import align_face, cut_mouth, native_face
    from branches.media.faces import Detection, FaceFinder
    from branches.media.limits import MediaLimits
    from branches.media.reader import MediaReader

__all__ = ["Detection", "FaceFinder", "MediaLimits", "MediaReader", "align_face", "cut_mouth", "native_face"]

_HOMES: Final = {
    "Detection": "faces",
    "FaceFinder": "faces",
    "MediaLimits": "limits",
    "MediaReader": "reader",
    "align_face": "crops",
    "cut_mouth": "crops",
    "native_face": "crops",
}


def __getattr__(name: str) -> object:
    """Import on first use: whoever only runs ffmpeg does not pay for the library of the networks."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
