"""Fit the face's second view: lines through CLIP's class tokens, joined with ResNet-18.

One line learns from real faces and forgeries made from them, one from published clips and stills, by what tells within
pages. What ships has seen all pages; how good that is, is told by lines that have seen none of a clip's page, and
fusion is fitted on what those say.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console

from branches.visual import summarise
from fusion.loading import CLIP_FILE
from models.clip_encoder import build_clip_face_classifier
from models.store import WEIGHTS_DIR, ModelStore
from training.matched import held_out_metrics
from training.publish import publish_network
from training.recipe import Recipe
from training.shown import Shown
from training.splits import is_held_out
from training.visual.clip_encoder import load_clip
from training.visual.clip_lines import Joint, Teaching, TokenLine, published_left_out
from training.visual.clip_tokens import SeenClip, embed_pairs, faces_to_round_for, see_clips, see_stills
from training.visual.levelling import see_spoilt

LEFT_OUT: Final = "left_out.csv"
DATA: Final = (
    "the first blocks of OpenAI's CLIP ViT-B/16 (MIT licence), rounded to five bits; one line on pairs of a real face "
    "of the pack and a forgery made from it, one on published clips and stills, by what tells within pages that show "
    "both real and forged ones; both look less along what blur, halving, turning and noise do to a clip. Figures: of "
    "the held-out pages' clips, by lines fitted on pairs of other pages' faces, and on what other pages, people and "
    "generators have published"
)


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Embed pairs and held-out clips (resuming), fit the lines, join them with ResNet-18, and publish."""
    options = recipe.options
    torch.set_num_threads(options["workers"])
    network = build_clip_face_classifier(options.get("config", {})).eval()
    load_clip(network.encoder, lambda: faces_to_round_for(recipe), recipe.run_dir / "encoder")
    others = embed_pairs(recipe, network, options["pairs"], held_out=False)
    own = embed_pairs(recipe, network, options["held_out_pairs"], held_out=True)
    every = see_clips(recipe, network, ModelStore(weights_dir))
    stills, still_tokens = see_stills(recipe, network)
    shown = Shown.of([clip.row for clip in every], stills)
    seen = np.stack([[clip.tokens.mean(axis=0), *clip.copies] for clip in every], axis=1)
    tokens = np.concatenate([seen, still_tokens], axis=1)
    clips = [clip for clip in every if is_held_out(clip.row.source)]
    teaching, share = Teaching(**options["published"]), options["levelled_share"]
    spoilt = see_spoilt(recipe, network, options["levelled_clips"], held_out=False)
    own_spoilt = see_spoilt(recipe, network, options["held_out_levelled_clips"], held_out=True)
    fair = TokenLine.fit(others, options["strength"], [spoilt], share)
    unlike = published_left_out(fair, tokens, shown, teaching)
    joint = Joint.fit(clips, fair, unlike, options["resnet_share"], options["published_share"])
    left_out = [joint.line(fair, line) for line in unlike]
    metrics = view_metrics(clips, fair, unlike, left_out, joint)
    Console().print(joint, metrics)
    write_left_out(recipe.run_dir / LEFT_OUT, recipe.data_dir / "video", clips, left_out, joint)
    line = TokenLine.fit(np.concatenate([others, own]), options["strength"], [spoilt, own_spoilt], share)
    joint.line(line, line.fit_published(tokens, shown, teaching)).write(network, joint.scale, joint.offset)
    config = asdict(network.config) | {
        "pooled": list(network.config.pooled),
        "resnet_weight": round(joint.resnet_weight, 4),
    }
    publish_network(
        network, CLIP_FILE, role="clip", config=config, metrics=metrics, provenance=recipe.provenance(DATA),
        folder=weights_dir,
    )  # fmt: skip


def view_metrics(
    clips: Sequence[SeenClip],
    pairs: TokenLine,
    published: Sequence[TokenLine],
    left_out: Sequence[TokenLine],
    joint: Joint,
) -> dict[str, Any]:
    """Figures on the held-out pages: of all views joined, and of each alone."""
    rows = [clip.row for clip in clips]
    scores = {
        "held_out": [joint.of(clip, line).mean() for clip, line in zip(clips, left_out, strict=True)],
        "pairs_alone": [clip.logits(pairs).mean() for clip in clips],
        "published_alone": [clip.logits(line).mean() for clip, line in zip(clips, published, strict=True)],
        "resnet_alone": [clip.resnet.mean() for clip in clips],
    }
    return {name: held_out_metrics(rows, np.array(found), visual_only=True) for name, found in scores.items()}


def write_left_out(
    path: Path, folder: Path, clips: Sequence[SeenClip], lines: Sequence[TokenLine], joint: Joint
) -> None:
    """Write the branch's features, of each clip by its own line, as `vericlip fit-fusion --left-out` reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for place, (clip, line) in enumerate(zip(clips, lines, strict=True)):
            features = summarise(clip.faces, joint.of(clip, line))
            if place == 0:
                writer.writerow(["file", *features])
            writer.writerow([clip.row.path.relative_to(folder), *(round(value, 6) for value in features.values())])
