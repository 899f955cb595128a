"""What the report says in every case: names of branches and features, and the limits of the method."""

from typing import Final

BRANCH_TITLES: Final = {
    "gate": "Skin texture, patch by patch",
    "visual": "Appearance of the face",
    "temporal": "Motion over time",
    "audio": "Voice",
    "sync": "Lips and voice together",
}
SHORT_TITLES: Final = {"gate": "patches", "visual": "face", "temporal": "motion", "audio": "voice", "sync": "lips"}

BRANCH_LOOKS: Final = {
    "gate": "A small network looks at patches of a few pixels of the face at the clip's own scale, where resampling "
    "and synthesis leave traces. It also decides whether the deeper checks are needed.",
    "visual": "A network looks at upright face crops for traces of blending and synthesis.",
    "temporal": "Three networks follow each face from frame to frame: how it looks and changes beside what lies "
    "around it, how its mouth moves, and how steady its regions are.",
    "audio": "Networks listen to the voice, for traces of synthesis and conversion.",
    "sync": "Two networks compare the movement of the mouth with the voice, at every shift of up to 15 frames.",
}

FEATURE_LABELS: Final = {
    "tiny_prob_mean": "Patches: mean over the worst face",
    "tiny_prob_max": "Patches: most suspect crop",
    "tiny_prob_p90": "Patches: nine tenths of the crops lie below",
    "tiny_num_files": "Patches: crops looked at",
    "tiny_num_patches": "Patches: patches looked at",
    "visual_prob_mean": "Face: mean over the worst face",
    "visual_prob_max": "Face: most suspect crop",
    "visual_prob_p90": "Face: nine tenths of the crops lie below",
    "visual_num_faces": "Face: crops looked at",
    "audio_prob_fake": "Voice",
    "temporal_prob_fake": "Motion of the worst face",
    "sync_prob": "Lips and voice",
    "intercept": "Starting point, before any evidence",
}

THRESHOLD_LABELS: Final = {
    "deepfake_from": "Called a deepfake from",
    "inconclusive_from": "No verdict from",
    "inconclusive_to": "No verdict up to",
    "gate_exit_from": "Early exit if the patches score at least",
    "gate_exit_below": "Early exit if the patches stay below",
    "audio_exit_below": "Early exit if the voice stays below",
}

COUNTS: Final = frozenset({"tiny_num_files", "tiny_num_patches", "visual_num_faces"})
"""Features that are numbers of things; all others are probabilities."""

LIMITS: Final = (
    "A verdict is a lead for a person to follow. It is not proof, and must not be the only ground for a decision about "
    "anybody.",
    "The probability is calibrated on the makers' held-out clips. On clips unlike those, by other methods, cameras or "
    "compression, it can be wrong by more than the band around one half suggests.",
    "Only faces and voices are judged: whether they were generated or altered. Whether what is shown or said is true, "
    "when and where it was filmed, and whether the clip was cut misleadingly, is not.",
    "Heavy compression, small or filtered faces, plastic-looking light, recent speech synthesis, and music under "
    "speech make errors in both directions more likely.",
    "An authentic verdict means that no traces were found. Good fakes leave few.",
)
SAMPLED: Final = (
    "The clip was sampled: what happens outside of the spans listed under “What was looked at” was not seen."
)

UNRECORDED: Final = "not recorded"


def threshold_label(name: str) -> str:
    """A threshold's name as people read it."""
    return THRESHOLD_LABELS.get(name, name.replace("_", " "))
