"""The warm-up reaches the networks."""

from pathlib import Path

from branches.types import Abstained
from fusion.detector import Detector
from service.inference.warm_up import made_up_media, warm_up


def test_a_sound_detector_passes_and_its_branches_have_something_to_score(tmp_path: Path, face_clip: Path) -> None:
    detector = Detector.load()
    warm_up(detector, tmp_path)
    assert list(tmp_path.iterdir()) == []
    media = made_up_media(detector.reader.read(face_clip).clip)
    scored = {name for name, branch in detector.branches.items() if not isinstance(branch.prepare(media), Abstained)}
    assert scored >= {"gate", "visual", "audio", "temporal"}
