"""Class tokens of CLIP's first blocks: of real faces and of forgeries made from them, and of clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from branches.faces import first_of_bursts
from branches.media import MediaReader, align_face
from branches.types import Faces
from branches.visual import Logits, between, looked_at, resnet_logits
from fusion.loading import VISUAL_FILE
from models.clip_encoder import CLIP_SPEC, ClipFaceClassifier
from models.face_classifier import build_face_classifier
from models.spec import ImageSpec
from models.store import ModelStore
from training.clips import ClipRow, read_clips
from training.media_cache import cached_media
from training.recipe import Recipe
from training.standard_line import StandardLine
from training.visual.augment import degrade, draw_chain
from training.visual.autoencoders import load_autoencoders
from training.visual.bank import BankFace, load_bank
from training.visual.pair_source import PairSource
from training.visual.pairs import FacePairs
from training.visual.picture import Image
from training.visual.rerender import Renderer
from training.visual.twins import load_twins

CHUNK: Final = 50
"""Pairs, or clips, that are embedded between two checkpoints."""
ROUNDED_FOR: Final = 24
"""Pairs whose faces tell how the encoder's weights are best rounded."""

Tokens = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SeenClip:
    """A clip with faces: their crops, what ResNet-18 says of each `(N,)`, the tokens `(M, width)` of some, and those of
    spoilt copies of one of them, `(copies, width)`."""

    row: ClipRow
    faces: Faces
    resnet: Logits
    tokens: Tokens
    copies: Tokens

    def logits(self, line: StandardLine) -> Logits:
        """The second view's logit of every crop, `(N,)`."""
        return between(self.faces, looked_at(self.faces), line.of(self.tokens))


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


def embed_copies(recipe: Recipe, network: ClipFaceClassifier, crop: Image, name: str) -> Tokens:
    """Tokens float32 `(copies, width)` of a face crop spoilt at random, always in the same way for a name."""
    rng = np.random.default_rng([recipe.seed, *name.encode()])
    spoilt = (degrade(crop, draw_chain(rng, gentle_share=0.0)) for _ in range(recipe.options["copies"]))
    sized = [np.asarray(cv2.resize(each, crop.shape[1::-1]), np.uint8) for each in spoilt]
    return embed(network, CLIP_SPEC.to_tensor(np.stack(sized)))


def see_stills(recipe: Recipe, network: ClipFaceClassifier) -> tuple[list[BankFace], Tokens]:
    """The bank's stills of pages that show both real and forged ones, with tokens `(1 + copies, N, width)` of them and
    of spoilt copies, kept on disk."""
    bank = load_bank(recipe.data_dir, recipe.run_dir.parent / "face_bank")
    stills = [face for face in bank if not face.moving]
    real, forged = ({face.source for face in stills if face.label == label} for label in ("real", "fake"))
    stills = [face for face in stills if face.source in real & forged]
    kept = recipe.run_dir / "stills.npy"
    if not kept.exists():
        seen = []
        for face in track(stills, description="Stills"):
            crop = align_face(face.image, face.landmarks, face.box)
            own = embed(network, CLIP_SPEC.to_tensor(crop[None]))
            seen.append(np.concatenate([own, embed_copies(recipe, network, crop, face.file)]))
        np.save(kept, np.stack(seen, axis=1))
    tokens: Tokens = np.load(kept)
    return stills, tokens


def see_clips(recipe: Recipe, network: ClipFaceClassifier, store: ModelStore) -> list[SeenClip]:
    """All clips in which faces are found; what CLIP sees of them is kept on disk."""
    kept, reader = recipe.run_dir / "clips.joblib", MediaReader()
    known: dict[str, tuple[Tokens, Tokens]] = joblib.load(kept) if kept.exists() else {}
    resnet, spec, seen = store.network(VISUAL_FILE, build_face_classifier), ImageSpec(), []
    for row in track(read_clips(recipe.data_dir / "video" / "clips.csv"), description="Clips"):
        media = cached_media(row.path, recipe.run_dir.parent / "media", reader)
        if media is None or not len(media.faces):
            continue
        faces = first_of_bursts(media.faces)
        name, places = row.path.name, looked_at(faces)
        if name not in known:
            tokens = embed(network, CLIP_SPEC.to_tensor(faces.crops[places]))
            known[name] = tokens, embed_copies(recipe, network, faces.crops[places[len(places) // 2]], name)
            if len(known) % CHUNK == 0:
                joblib.dump(known, kept)
        seen.append(SeenClip(row, faces, resnet_logits(resnet, spec, faces), *known[name]))
    joblib.dump(known, kept)
    return seen
