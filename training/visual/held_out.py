"""The yardstick of visual training: clips of pages that no branch was trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from branches.media import MediaReader
from models.face_classifier import FaceClassifier
from models.spec import ImageSpec
from training.clips import ClipRow, read_clips
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.splits import is_held_out

BATCH = 32


@dataclass(frozen=True, slots=True)
class HeldOutFaces:
    """Face crops of held-out clips: uint8 `(N, 224, 224, 3)` with the clip that each belongs to, int64 `(N,)`."""

    rows: list[ClipRow]
    crops: NDArray[np.uint8]
    clip: NDArray[np.int64]

    @classmethod
    def load(cls, data_dir: Path, cache: Path, crops_per_clip: int) -> "HeldOutFaces":
        """Take up to `crops_per_clip` crops, spread over time, of every held-out clip whose faces were found."""
        reader = MediaReader()
        rows: list[ClipRow] = []
        crops: list[NDArray[np.uint8]] = []
        clip: list[int] = []
        candidates = [row for row in read_clips(data_dir / "video" / "clips.csv") if is_held_out(row.source)]
        for row in track(candidates, description="Held-out clips"):
            media = cached_media(row.path, cache, reader)
            if media is None or not len(media.faces):
                continue
            chosen = np.unique(np.linspace(0, len(media.faces) - 1, crops_per_clip).round().astype(int))
            crops.append(media.faces.crops[chosen])
            clip.extend([len(rows)] * len(chosen))
            rows.append(row)
        return cls(rows, np.concatenate(crops), np.array(clip))

    def metrics(self, network: FaceClassifier, spec: ImageSpec) -> dict[str, float]:
        """Score every crop, average over each clip, and give matched and overall AUC."""
        scores = self.clip_scores(network, spec)
        return held_out_metrics(self.rows, scores, visual_only=True)

    @torch.inference_mode()
    def clip_scores(self, network: FaceClassifier, spec: ImageSpec) -> NDArray[np.float64]:
        """Mean logit of each clip's crops, float64 `(len(rows),)`."""
        batches = [spec.to_tensor(self.crops[i : i + BATCH]) for i in range(0, len(self.crops), BATCH)]
        logits = torch.cat([network(batch) for batch in batches]).double().numpy()
        return np.bincount(self.clip, weights=logits) / np.bincount(self.clip)
