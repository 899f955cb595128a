"""Train the lip-and-voice network: projections by contrast, the judge out of fold, figures on held-out pages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from models.av_sync import AvSync, build_av_sync
from models.store import WEIGHTS_DIR
from training.audio.data import read_speech, read_utterances
from training.clips import ClipRow, read_clips
from training.publish import publish_network
from training.recipe import Recipe
from training.splits import is_held_out
from training.sync.bank import Embedded, Encoder, Series
from training.sync.clips import has_voice, load_talking
from training.sync.contrast import Heads, train_heads
from training.sync.correlate import start_heads
from training.sync.dubs import draw_pairs
from training.sync.evaluate import against_speech, by_method, by_shift
from training.sync.judging import Judged, curves_of, fit_judge, joined
from training.sync.pretrained import load_encoders

FILE: Final = "av_sync.safetensors"
DATA: Final = (
    "real talking clips and, for the contrast only, generated ones; held-out pages left out; encoders LR-ASD (MIT)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Banks:
    """Encoded clips: `real` teach both parts, `generated` only the contrast; the rest of the clips are held out."""

    real: list[Embedded]
    generated: list[Embedded]
    unseen: list[Embedded]
    unseen_generated: list[Embedded]
    speech: list[Series]
    other_speech: list[Series]


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Train, resuming from what `run_dir` holds, score the held-out clips, and publish."""
    torch.set_num_threads(1)
    network = build_av_sync(recipe.options.get("network", {}))
    if "init" in recipe.options:
        load_encoders(network, recipe.data_dir / recipe.options["init"])
    metrics = train(recipe, network, encode(recipe, network))
    Console().print(metrics)
    publish_network(
        network,
        FILE,
        role="sync",
        config=asdict(network.config),
        metrics=metrics,
        provenance=recipe.provenance(DATA),
        folder=weights_dir,
    )


def train(recipe: Recipe, network: AvSync, banks: Banks) -> dict[str, Any]:
    """Fill the network's projections and judge in place; the figures on held-out clips."""
    options = recipe.options
    seen = [*banks.real, *banks.generated]
    data = out_of_fold(recipe, network, banks)
    heads = _trained(recipe, network, seen, "all")
    network.mouth_projection.load_state_dict(heads.mouth.state_dict())
    network.voice_projection.load_state_dict(heads.voice.state_dict())
    torch.manual_seed(recipe.seed)
    judge_loss = fit_judge(network.judge, data, options["judge_steps"], recipe.seed)
    network.eval()
    return {
        "judge_loss": round(judge_loss, 4),
        "clips": len(banks.real),
        "held_out": {
            "clips": len(banks.unseen),
            **by_shift(heads, network.judge, banks.unseen),
            **against_speech(heads, network.judge, banks.unseen, banks.other_speech, recipe.seed),
        },
        "methods": by_method(heads, network.judge, [*banks.unseen, *banks.unseen_generated, *banks.generated]),
    }


def out_of_fold(recipe: Recipe, network: AvSync, banks: Banks) -> Judged:
    """Curves of pairs and dubs of every real clip, by heads that were trained without its group."""
    folds = recipe.options["folds"]
    groups = sorted({clip.clip.row.group for clip in [*banks.real, *banks.generated]})
    np.random.default_rng(recipe.seed).shuffle(groups)
    fold_of = {group: number % folds for number, group in enumerate(groups)}
    parts = []
    for fold in range(folds):
        seen = [clip for clip in [*banks.real, *banks.generated] if fold_of[clip.clip.row.group] != fold]
        left_out = [clip for clip in banks.real if fold_of[clip.clip.row.group] == fold]
        random = np.random.default_rng([recipe.seed, fold])
        pairs = draw_pairs(left_out, banks.speech, recipe.options["rounds"], random)
        if pairs:
            parts.append(curves_of(_trained(recipe, network, seen, f"fold{fold}"), pairs))
    return joined(parts)


def encode(recipe: Recipe, network: AvSync) -> Banks:
    """Read, pair and encode the clips of the pack; all is kept under the run's folder and beside it."""
    rows = read_clips(recipe.data_dir / "video" / "clips.csv")
    encoder = Encoder(network, recipe.run_dir / "cache", recipe.seed)
    media, versions = recipe.run_dir.parent / "media", recipe.options["versions"]

    def embedded(chosen: Sequence[ClipRow], versions: int, name: str) -> list[Embedded]:
        clips = load_talking(track(chosen, description=f"Reading {name}"), media)
        return [encoder.embed(clip, versions) for clip in track(clips, description=f"Encoding {name}")]

    real, fake = has_voice(rows, label="real"), has_voice(rows, label="fake")
    generated = [row for row in fake if not is_held_out(row.source)] if recipe.options["generated"] else []
    return Banks(
        real=embedded([row for row in real if not is_held_out(row.source)], versions, "real"),
        generated=embedded(generated, max(versions // 2, 1), "generated"),
        unseen=embedded([row for row in real if is_held_out(row.source)], 1, "held-out real"),
        unseen_generated=embedded(_dubbed_or_generated(rows), 1, "held-out fake"),
        speech=foreign_speech(recipe, encoder, "train"),
        other_speech=foreign_speech(recipe, encoder, "dev"),
    )


def foreign_speech(recipe: Recipe, encoder: Encoder, split: str) -> list[Series]:
    """Encoded recordings of people of the speech pack, chosen at random; none without a speech pack."""
    folder = recipe.data_dir / "audio"
    if not (folder / "speech.csv").exists():
        return []
    kept = encoder.folder / f"speech-{split}-{recipe.options['speech']}-{recipe.seed}.npz"
    if not kept.exists():
        files = [u.file for u in read_utterances(folder) if u.split == split and not u.spoof]
        np.random.default_rng(recipe.seed).shuffle(files)
        chosen = track(files[: recipe.options["speech"]], description=f"Encoding {split} speech")
        series = [encoder.voice(read_speech(folder / file)) for file in chosen]
        np.savez(kept, *series)
    with np.load(kept) as held:
        return [held[name] for name in held.files]


def _dubbed_or_generated(rows: Sequence[ClipRow]) -> list[ClipRow]:
    return [row for row in rows if row.label == "fake" and is_held_out(row.source) and row.audio != "none"]


def _trained(recipe: Recipe, network: AvSync, seen: Sequence[Embedded], name: str) -> Heads:
    heads = Heads(network)
    start_heads(heads, seen, recipe.options["ridge"])
    torch.manual_seed(recipe.seed)
    return train_heads(heads, seen, recipe.options, recipe.seed, recipe.run_dir / name)
