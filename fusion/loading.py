"""The parts of a detector, out of a folder of weights."""

from dataclasses import dataclass
from typing import Final

from branches.audio import AudioBranch
from branches.gate import GateBranch
from branches.sync import SyncBranch
from branches.temporal import TemporalBranch
from branches.types import Branch
from branches.visual import ClipView, VisualBranch
from fusion.head import HEADS, FusionHead
from models.av_sync import build_av_sync
from models.band_statistics import build_band_classifier
from models.clip_encoder import build_clip_face_classifier
from models.cqcc_cnn import build_cqcc_classifier
from models.face_classifier import build_face_classifier
from models.film import build_film_classifier
from models.mouth_motion import build_mouth_classifier
from models.sequence import build_track_lstm
from models.spec import AudioSpec, ImageSpec
from models.speech_encoder import build_speech_classifier
from models.store import ModelStore
from models.tiny_ladeda import build_tiny_ladeda
from models.voice import Voice, VoiceWeights

VISUAL_FILE: Final = "visual_resnet18.safetensors"
CLIP_FILE: Final = "visual_clip.safetensors"
FILM_FILE: Final = "temporal_film.safetensors"
MOUTH_FILE: Final = "temporal_mouth.safetensors"
TEMPORAL_FILE: Final = "temporal_bilstm.safetensors"
GATE_FILE: Final = "gate_tiny_ladeda.safetensors"
CQCC_FILE: Final = "audio_cqcc_cnn.safetensors"
SPEECH_FILE: Final = "audio_speech_encoder.safetensors"
BANDS_FILE: Final = "audio_bands.safetensors"
SYNC_FILE: Final = "av_sync.safetensors"
GATE_HEAD: Final = "clip_fusion_logreg_gate.joblib"


@dataclass(frozen=True, slots=True)
class ExitRule:
    """The gate's licence: below both probabilities a clip is confidently real. Measured when fusion was fitted.

    Below `gate_from` no real clip was seen: such pictures, noisy ones mostly, are unlike all that this was measured on.
    """

    gate_below: float
    audio_below: float
    gate_from: float = 0.0

    def clears(self, gate_probability: float) -> bool:
        """Whether the gate may let a clip go, unless its voice speaks against that."""
        return self.gate_from <= gate_probability < self.gate_below


def load_branches(store: ModelStore) -> dict[str, Branch]:
    """Build the five branches around the networks of a store, by name in canonical order."""
    return {
        "gate": GateBranch(store.network(GATE_FILE, build_tiny_ladeda)),
        "visual": VisualBranch(store.network(VISUAL_FILE, build_face_classifier), ImageSpec(), load_clip_view(store)),
        "audio": AudioBranch(load_voice(store), AudioSpec()),
        "temporal": TemporalBranch(
            store.network(FILM_FILE, build_film_classifier),
            store.network(MOUTH_FILE, build_mouth_classifier),
            store.network(TEMPORAL_FILE, build_track_lstm),
            store.artefact(FILM_FILE).config["lstm_weight"],
        ),
        "sync": SyncBranch(
            store.network(SYNC_FILE, build_av_sync), store.network(SPEECH_FILE, build_speech_classifier).encoder
        ),
    }


def load_clip_view(store: ModelStore) -> ClipView | None:
    """The face's second view, weighted as was measured when it was fitted; None in a store without it."""
    if not store.has(CLIP_FILE):
        return None
    network = store.network(CLIP_FILE, build_clip_face_classifier)
    return ClipView(network, store.artefact(CLIP_FILE).config["resnet_weight"])


def load_voice(store: ModelStore) -> Voice:
    """The three views of the voice, weighted as was measured when they were fitted."""
    joined, cqcc_weight = store.artefact(BANDS_FILE).config, store.artefact(SPEECH_FILE).config["cqcc_weight"]
    return Voice(
        store.network(SPEECH_FILE, build_speech_classifier),
        store.network(BANDS_FILE, build_band_classifier),
        store.network(CQCC_FILE, build_cqcc_classifier),
        VoiceWeights(
            speech=joined["speech_weight"],
            offset=joined["speech_offset"],
            softness=joined["softness"],
            cqcc=cqcc_weight,
        ),
    )


def load_heads(store: ModelStore) -> dict[str, FusionHead]:
    """All fusion heads of a store by file name."""
    return {file: FusionHead.from_bundle(file, store.bundle(file)) for file in HEADS if store.has(file)}


def load_exit_rule(store: ModelStore) -> ExitRule | None:
    """The exit rule that the gate's head carries; None if no clip may leave early."""
    rule = store.bundle(GATE_HEAD).get("exit_rule") if store.has(GATE_HEAD) else None
    return ExitRule(**rule) if rule else None
