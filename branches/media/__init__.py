"""Media bytes in, media values out: the only code that probes, decodes, crops or resamples a clip."""

from branches.media.crops import align_face, cut_mouth, native_face
from branches.media.faces import Detection, FaceFinder
from branches.media.limits import MediaLimits
from branches.media.reader import MediaReader

__all__ = ["Detection", "FaceFinder", "MediaLimits", "MediaReader", "align_face", "cut_mouth", "native_face"]
