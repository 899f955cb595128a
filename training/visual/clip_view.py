"""Fit the face's second view: a line through CLIP's class tokens of real faces and of forgeries made from them.

No published fake is learnt from. What ships has seen pairs of real faces from all pages; how good that is, is told by
a line fitted without the held-out pages, and fusion is fitted on what that one says of their clips.
"""

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from branches.faces import first_of_bursts
from branches.media import MediaReader
from branches.types import Faces
from branches.visual import Logits, between, looked_at, resnet_logits, summarise
from fusion.loading import CLIP_FILE, VISUAL_FILE
from models.clip_encoder import (
    CLIP_SPEC,
    FURTHEST,
    ClipFaceClassifier,
    build_clip_face_classifier,
)
from models.face_classifier import build_face_classifier
from models.spec import ImageSpec
from models.store import WEIGHTS_DIR, ModelStore
from training.clips import ClipRow, read_clips
from training.fusion.regression import balanced_weights
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.publish import publish_network
from training.recipe import Recipe
from training.splits import is_held_out
from training.standard_line import StandardLine
from training.visual.autoencoders import load_autoencoders
from training.visual.bank import load_bank
from training.visual.clip_encoder import load_clip
from training.visual.pair_source import PairSource
from training.visual.pairs import FacePairs
from training.visual.rerender import Renderer
from training.visual.twins import load_twins

CHUNK: Final = 50
"""Pairs that are embedded between two checkpoints."""
ROUNDED_FOR: Final = 24
"""Pairs whose faces tell how the encoder's weights are best rounded."""
LEFT_OUT: Final = "left_out.csv"
DATA: Final = (
    "the first blocks of OpenAI's CLIP ViT-B/16 (MIT licence), rounded to five bits; the line on pairs of a real face "
    "of the pack and a forgery made from it, no published fake. Figures: of the held-out pages' clips, by a line "
    "fitted on pairs of other pages' faces"
)

Tokens = NDArray[np.float32]


class TokenLine(StandardLine):
    """A line through class tokens."""

    furthest = FURTHEST

    @classmethod
    def fit(cls, pairs: Tokens, strength: float) -> "TokenLine":
        """Logistic regression of inverse regularisation `strength` on pairs `(N, 2, width)`, the real face first."""
        faces = pairs.reshape(-1, pairs.shape[2]).astype(np.float64)
        line = cls(faces.mean(axis=0), faces.std(axis=0) + 1e-6, np.zeros(0), 0.0)
        regression = LogisticRegression(C=strength, max_iter=1000)
        regression.fit(line.standard(faces), np.tile([0, 1], len(pairs)))
        return cls(line.middle, line.spread, regression.coef_[0], float(regression.intercept_[0]))


@dataclass(frozen=True, slots=True, eq=False)
class SeenClip:
    """A clip with faces: their crops, what ResNet-18 says of each `(N,)`, and the tokens `(M, width)` of some."""

    row: ClipRow
    faces: Faces
    resnet: Logits
    tokens: Tokens

    def logits(self, line: TokenLine) -> Logits:
        """The second view's logit of every crop, `(N,)`."""
        return between(self.faces, looked_at(self.faces), line.of(self.tokens))


@dataclass(frozen=True, slots=True)
class Joint:
    """The branch's logit: ResNet-18's times `resnet_weight`, plus the line's times `scale`, plus `offset`."""

    resnet_weight: float
    scale: float
    offset: float

    @classmethod
    def fit(cls, clips: list[SeenClip], line: TokenLine, resnet_share: float) -> "Joint":
        """Count one deviation of ResNet-18's mean logit as `resnet_share` of the line's, and calibrate their sum."""
        pictured = [clip for clip in clips if clip.row.video_label == clip.row.label]
        labels = np.array([clip.row.label == "fake" for clip in pictured]).astype(np.int64)
        kinds = np.array([c.row.method if c.row.label == "fake" else c.row.source for c in pictured])
        first = np.array([clip.resnet.mean() for clip in pictured])
        second = np.array([clip.logits(line).mean() for clip in pictured])
        weight = resnet_share * second.std() / first.std()
        shares = balanced_weights(labels, kinds)
        joined = (weight * first + second)[:, None]
        calibrated = LogisticRegression(C=1e3).fit(joined, labels, shares / shares.mean())
        scale = float(calibrated.coef_[0, 0])
        return cls(scale * float(weight), scale, float(calibrated.intercept_[0]))

    def of(self, clip: SeenClip, line: TokenLine) -> Logits:
        """Joined logit of every crop, `(N,)`."""
        return self.resnet_weight * clip.resnet + self.scale * clip.logits(line) + self.offset


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Embed pairs and held-out clips (resuming), fit the line, join it with ResNet-18, and publish."""
    options = recipe.options
    torch.set_num_threads(options["workers"])
    network = build_clip_face_classifier(options.get("config", {})).eval()
    load_clip(network.encoder, lambda: faces_to_round_for(recipe), recipe.run_dir / "encoder")
    others = embed_pairs(recipe, network, options["pairs"], held_out=False)
    own = embed_pairs(recipe, network, options["held_out_pairs"], held_out=True)
    clips = see_clips(recipe, network, ModelStore(weights_dir))
    fair = TokenLine.fit(others, options["strength"])
    joint = Joint.fit(clips, fair, options["resnet_share"])
    metrics = view_metrics(clips, fair, joint)
    Console().print(joint, metrics)
    write_left_out(recipe.run_dir / LEFT_OUT, recipe.data_dir / "video", clips, fair, joint)
    line = TokenLine.fit(np.concatenate([others, own]), options["strength"])
    line.write(network, joint.scale, joint.offset)
    config = asdict(network.config) | {
        "pooled": list(network.config.pooled),
        "resnet_weight": round(joint.resnet_weight, 4),
    }
    publish_network(
        network, CLIP_FILE, role="clip", config=config, metrics=metrics, provenance=recipe.provenance(DATA),
        folder=weights_dir,
    )  # fmt: skip


def faces_to_round_for(recipe: Recipe) -> Tensor:
    """Images float32 `(N, 3, S, S)` for which the encoder's rounded weights shall compute what the exact ones do."""
    return torch.cat(draw(face_pairs(recipe, held_out=False), ROUNDED_FOR, (recipe.seed,)))


def embed_pairs(recipe: Recipe, network: ClipFaceClassifier, count: int, *, held_out: bool) -> Tokens:
    """Tokens float32 `(count, 2, width)` of pairs drawn from the bank's faces, each chunk once and then from disk."""
    folder = recipe.run_dir / ("held_out_pairs" if held_out else "pairs")
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [(recipe.seed, int(held_out), number) for number in range(-(-count // CHUNK))]
    files = [folder / f"{number:04d}.npy" for _, _, number in seeds]
    todo = [(seed, file) for seed, file in zip(seeds, files, strict=True) if not file.exists()]
    workers = recipe.options["workers"]
    jobs = (joblib.delayed(_embed_chunks)(recipe, network, todo[part::workers], held_out) for part in range(workers))
    joblib.Parallel(n_jobs=workers)(jobs)
    return np.concatenate([np.load(file) for file in files])[:count].astype(np.float32)


def _embed_chunks(
    recipe: Recipe, network: ClipFaceClassifier, todo: list[tuple[tuple[int, ...], Path]], held_out: bool
) -> None:
    if not todo:
        return
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pairs = face_pairs(recipe, held_out=held_out)
    for seed, file in todo:
        np.save(file, np.stack([embed(network, images) for images in draw(pairs, CHUNK, seed)]).astype(np.float16))


def face_pairs(recipe: Recipe, *, held_out: bool) -> FacePairs:
    """What draws pairs of a real face and a forgery made from it, of the held-out pages or of all others."""
    options, folder = recipe.options, recipe.run_dir.parent / "face_bank"
    bank = load_bank(recipe.data_dir, folder, held_out=held_out)
    # Twins were drawn of the other pages' faces.
    restored = 0.0 if held_out else options["restored_share"]
    twins = load_twins(bank, folder) if restored else []
    render = Renderer(load_autoencoders([face.image for face in bank if face.label == "real"], folder))
    gentle, matched = options["gentle_share"], options["matched_share"]
    source = PairSource(bank, 0.0, render, gentle, twins, restored, matched, options["kinds"])
    return FacePairs(source, CLIP_SPEC, CLIP_SPEC.size_px, recipe.seed)


def draw(pairs: FacePairs, count: int, seed: tuple[int, ...]) -> list[Tensor]:
    """Images float32 `(2, 3, S, S)` of so many pairs, always the same for a seed."""
    rng = np.random.default_rng(seed)
    return [sample.images for _ in range(count) for sample in pairs.draw(rng)]


@torch.inference_mode()
def embed(network: ClipFaceClassifier, images: Tensor) -> Tokens:
    """Images float32 `(N, 3, S, S)` to tokens float32 `(N, width)`."""
    return np.concatenate([network.embed(image[None]).numpy() for image in images])


def see_clips(recipe: Recipe, network: ClipFaceClassifier, store: ModelStore) -> list[SeenClip]:
    """All clips of the held-out pages in which faces are found; what CLIP sees of them is kept on disk."""
    kept, reader = recipe.run_dir / "clips.joblib", MediaReader()
    tokens: dict[str, Tokens] = joblib.load(kept) if kept.exists() else {}
    resnet, spec, seen = store.network(VISUAL_FILE, build_face_classifier), ImageSpec(), []
    rows = [row for row in read_clips(recipe.data_dir / "video" / "clips.csv") if is_held_out(row.source)]
    for row in track(rows, description="Held-out clips"):
        media = cached_media(row.path, recipe.run_dir.parent / "media", reader)
        if media is None or not len(media.faces):
            continue
        faces = first_of_bursts(media.faces)
        if row.path.name not in tokens:
            tokens[row.path.name] = embed(network, CLIP_SPEC.to_tensor(faces.crops[looked_at(faces)]))
        seen.append(SeenClip(row, faces, resnet_logits(resnet, spec, faces), tokens[row.path.name]))
    joblib.dump(tokens, kept)
    return seen


def view_metrics(clips: list[SeenClip], line: TokenLine, joint: Joint) -> dict[str, Any]:
    """Figures on the held-out pages: of both views joined, and of each alone."""
    rows = [clip.row for clip in clips]
    scores = {
        "held_out": [joint.of(clip, line).mean() for clip in clips],
        "clip_alone": [clip.logits(line).mean() for clip in clips],
        "resnet_alone": [clip.resnet.mean() for clip in clips],
    }
    return {name: held_out_metrics(rows, np.array(found), visual_only=True) for name, found in scores.items()}


def write_left_out(path: Path, folder: Path, clips: list[SeenClip], line: TokenLine, joint: Joint) -> None:
    """Write the branch's features as `vericlip fit-fusion --left-out` reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for place, clip in enumerate(clips):
            features = summarise(clip.faces, joint.of(clip, line))
            if place == 0:
                writer.writerow(["file", *features])
            writer.writerow([clip.row.path.relative_to(folder), *(round(value, 6) for value in features.values())])
