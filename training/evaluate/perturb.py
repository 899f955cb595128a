"""What the world does to a clip between camera and upload: re-encodings that a verdict should survive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branches.media.limits import MediaLimits
from branches.media.probe import Probe, probe
from branches.speech import trim_silence
from training.datasets.manifest import Modality
from training.evaluate.utterance import read_utterance
from training.reencode import NEARLY_LOSSLESS_CRF, h264, reencode

LEAST_TRIM_S: Final = 0.05
TRIM: Final = "trimmed_silence"
AAC_32K: Final = ("-c:a", "aac", "-b:a", "32k")
COPY_VIDEO: Final = ("-c:v", "copy")
COPY_SOUND: Final = ("-c:a", "copy")


class NotApplicableError(Exception):
    """This perturbation changes nothing of this file: there is no sound, or no silence to trim."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One way to spoil a file: ffmpeg's output options for it, and whether it needs sound."""

    name: str
    options: tuple[str, ...]
    needs_sound: bool = False


def _picture(name: str, crf: int, *filters: str) -> Perturbation:
    return Perturbation(name, (*h264(crf, *filters), *COPY_SOUND))


CLIP_PERTURBATIONS: Final = (
    _picture("crf23", 23),
    _picture("crf30", 30),
    _picture("crf35", 35),
    _picture("half_size", NEARLY_LOSSLESS_CRF, "scale=iw/2:ih/2:flags=bicubic"),
    _picture("blur", NEARLY_LOSSLESS_CRF, "gblur=sigma=1.5"),
    _picture("noise", NEARLY_LOSSLESS_CRF, "noise=alls=12:allf=t"),
    Perturbation("aac32k", (*COPY_VIDEO, *AAC_32K), needs_sound=True),
    _picture("rotation", NEARLY_LOSSLESS_CRF, "rotate=10*PI/180"),
    Perturbation(TRIM, (*h264(NEARLY_LOSSLESS_CRF), "-c:a", "flac"), needs_sound=True),
)
SPEECH_PERTURBATIONS: Final = (
    Perturbation("aac32k", AAC_32K, needs_sound=True),
    Perturbation("opus16k", ("-c:a", "libopus", "-b:a", "16k"), needs_sound=True),
    Perturbation("telephone", ("-af", "highpass=f=300,lowpass=f=3400", "-c:a", "flac"), needs_sound=True),
    Perturbation(
        "noise",
        (
            "-filter_complex",
            "anoisesrc=color=pink:amplitude=0.02:seed=0:sample_rate=16000[n];"
            "[0:a]aresample=16000[s];[s][n]amix=inputs=2:duration=first:normalize=0[out]",
            "-map",
            "[out]",
            "-c:a",
            "flac",
        ),
        needs_sound=True,
    ),
    Perturbation(TRIM, ("-c:a", "flac"), needs_sound=True),
)


def perturbations_of(modality: Modality) -> tuple[Perturbation, ...]:
    """All that a file of this modality is put through."""
    return SPEECH_PERTURBATIONS if modality is Modality.AUDIO else CLIP_PERTURBATIONS


def perturb(path: Path, folder: Path, how: Perturbation, modality: Modality) -> Path:
    """Write the spoilt copy of a file under `folder`, as Matroska whatever the codecs, and return its path.

    Raises:
        NotApplicableError: it would not change this file.
        MediaError: the file cannot be read, or ffmpeg fails.
    """
    streams, has_sound = _streams(path, modality)
    if how.needs_sound and not has_sound:
        raise NotApplicableError(how.name)
    before = _span_without_silence(path) if how.name == TRIM else ()
    target = folder / f"{how.name}.mka" if modality is Modality.AUDIO else folder / f"{how.name}.mkv"
    chosen = () if "-filter_complex" in how.options else streams
    reencode(path, target, how.options, chosen, before)
    return target


def _streams(path: Path, modality: Modality) -> tuple[Sequence[int], bool]:
    if modality is Modality.AUDIO:
        return (0,), True
    found: Probe = probe(path, MediaLimits())
    streams = [found.video_stream] if found.audio_stream is None else [found.video_stream, found.audio_stream]
    return streams, found.audio_stream is not None


def _span_without_silence(path: Path) -> tuple[str, ...]:
    sound = read_utterance(path)
    kept, begin = trim_silence(sound.samples, sound.sample_rate_hz)
    length = kept.size / sound.sample_rate_hz
    if sound.duration_s - length < LEAST_TRIM_S or not kept.size:
        raise NotApplicableError(TRIM)
    return ("-ss", f"{begin:.3f}", "-t", f"{length:.3f}")
