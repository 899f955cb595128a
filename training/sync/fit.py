"""Train the lip-and-voice network: lips by a mesh, projections by correlation, the judge out of fold."""

import copy
import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from branches.media import MediaReader
from branches.sync import SyncBranch
from fusion.loading import SPEECH_FILE, SYNC_FILE
from models.av_sync import HEARD_LAYERS, AvSync, CurveJudge, build_av_sync
from models.speech_encoder import SpeechClassifier, SpeechEncoder, build_speech_classifier
from models.store import WEIGHTS_DIR, ModelStore
from training.audio.data import read_speech, read_utterances
from training.clips import ClipRow, read_clips
from training.media_cache import cached_media
from training.publish import publish_network
from training.recipe import Recipe
from training.splits import is_held_out
from training.sync.bank import Embedded, Encoder, Series
from training.sync.clips import has_voice, load_talking
from training.sync.dubs import draw_pairs
from training.sync.evaluate import against_speech, by_method, by_shift
from training.sync.judging import Judged, curves_of, fit_judge, joined
from training.sync.lips import agreement, measure_mouths, train_lips
from training.sync.projections import Projections, fit_projections

LEFT_OUT: Final = "left_out.csv"
DATA: Final = (
    "lips: the mouths of all clips outside the held-out pages, measured by MediaPipe's face mesh; projections: talking "
    "clips, real and generated; the judge: real ones; the voice as OpenAI's Whisper base (MIT licence) hears it. "
    "Figures: of the held-out pages' clips, by projections and a judge fitted without them"
)


@dataclass(frozen=True, slots=True, eq=False)
class Banks:
    """Encoded clips: `real` teach both parts, `generated` only the projections; the rest of the clips are held out."""

    real: list[Embedded]
    generated: list[Embedded]
    unseen: list[Embedded]
    unseen_generated: list[Embedded]
    speech: list[Series]
    other_speech: list[Series]

    @property
    def seen(self) -> list[Embedded]:
        """What the projections are fitted to."""
        return [*self.real, *self.generated]

    def with_all_pages(self) -> "Banks":
        """The same with the held-out clips among those that teach."""
        driven = [clip for clip in self.unseen_generated if has_voice([clip.clip.row], label="fake")]
        return replace(self, real=[*self.real, *self.unseen], generated=[*self.generated, *driven])


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Train, resuming from what `run_dir` holds, score the held-out clips, learn from those too, and publish."""
    torch.set_num_threads(recipe.options["workers"])
    classifier: SpeechClassifier = ModelStore(weights_dir).network(SPEECH_FILE, build_speech_classifier)
    speech, options = classifier.encoder, recipe.options
    torch.manual_seed(recipe.seed)
    network = build_av_sync(options["network"] | {"speech_width": len(HEARD_LAYERS) * classifier.config.width})
    rows = read_clips(recipe.data_dir / "video" / "clips.csv")
    read_lips = learn_lips(recipe, network, rows)
    banks = encode(recipe, network, speech, rows)
    metrics = figures(recipe, network, banks, learn(recipe, network, banks)) | read_lips
    Console().print(metrics)
    every_page = banks.with_all_pages()
    learn(recipe, network, every_page)
    write_left_out(recipe, network, speech, rows, every_page)
    publish_network(
        network,
        SYNC_FILE,
        role="sync",
        config=asdict(network.config),
        metrics=metrics,
        provenance=recipe.provenance(DATA),
        folder=weights_dir,
    )


def learn_lips(recipe: Recipe, network: AvSync, rows: Sequence[ClipRow]) -> dict[str, Any]:
    """Teach the network's lip encoder; how well it agrees with the mesh on the held-out pages."""
    runs = recipe.run_dir.parent
    seen, unseen = (
        measure_mouths(
            [row for row in rows if is_held_out(row.source) == held_out],
            runs / "media",
            runs / "face_bank",
            recipe.run_dir / ("lips-held-out" if held_out else "lips"),
        )
        for held_out in (False, True)
    )
    train_lips(network.lips, seen, recipe.options["lips"], recipe.seed, recipe.run_dir)
    return agreement(network.lips, unseen)


def learn(recipe: Recipe, network: AvSync, banks: Banks) -> Projections:
    """Fill the network's projections and judge in place."""
    options = recipe.options
    data = joined(out_of_fold(recipe, network, banks))
    projections = fit_projections(network, banks.seen, options["ridge"], options["directions"])
    put(projections, network)
    torch.manual_seed(recipe.seed)
    network.judge = CurveJudge(network.config.judge_width, network.config.dropout)
    fit_judge(network.judge, data, options["judge_steps"], recipe.seed)
    network.eval()
    return projections


def figures(recipe: Recipe, network: AvSync, banks: Banks, projections: Projections) -> dict[str, Any]:
    """How well held-out clips are told from their dubs, and what is said of each method's clips."""
    judge, methods = network.judge, [*banks.unseen, *banks.unseen_generated, *banks.generated]
    return {
        "clips": len(banks.real),
        "held_out": {
            "clips": len(banks.unseen),
            **by_shift(projections, judge, banks.unseen),
            **against_speech(projections, judge, banks.unseen, banks.other_speech, recipe.seed),
        },
        "methods": by_method(projections, judge, methods),
    }


def put(projections: Projections, network: AvSync) -> None:
    """Give a network these projections."""
    network.mouth_projection.load_state_dict(projections.mouth.state_dict())
    network.voice_projection.load_state_dict(projections.voice.state_dict())


def out_of_fold(recipe: Recipe, network: AvSync, banks: Banks) -> list[Judged]:
    """Curves of pairs and dubs of every real clip, by projections that were fitted without its group."""
    fold_of, parts = folds(recipe, [clip.clip.row for clip in banks.seen]), []
    for fold in range(recipe.options["folds"]):
        left_out = [clip for clip in banks.real if fold_of[clip.clip.row.group] == fold]
        random = np.random.default_rng([recipe.seed, fold])
        pairs = draw_pairs(left_out, banks.speech, recipe.options["rounds"], random)
        if pairs:
            parts.append(curves_of(without(recipe, network, banks, fold_of, fold), pairs))
    return parts


def folds(recipe: Recipe, rows: Sequence[ClipRow]) -> dict[str, int]:
    """The fold of every group."""
    groups = sorted({row.group for row in rows})
    np.random.default_rng(recipe.seed).shuffle(groups)
    return {group: number % recipe.options["folds"] for number, group in enumerate(groups)}


def without(recipe: Recipe, network: AvSync, banks: Banks, fold_of: dict[str, int], fold: int) -> Projections:
    """Projections that were fitted without one fold's groups."""
    seen = [clip for clip in banks.seen if fold_of[clip.clip.row.group] != fold]
    return fit_projections(network, seen, recipe.options["ridge"], recipe.options["directions"])


def write_left_out(
    recipe: Recipe, network: AvSync, speech: SpeechEncoder, rows: Sequence[ClipRow], banks: Banks
) -> None:
    """Write what the branch says of each clip by projections that have not seen it, for `fit-fusion --left-out`."""
    reader, fold_of, judges = MediaReader(), folds(recipe, rows), {}
    for fold in range(recipe.options["folds"]):
        judges[fold] = copy.deepcopy(network)
        put(without(recipe, network, banks, fold_of, fold), judges[fold])
    with (recipe.run_dir / LEFT_OUT).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "sync_prob"])
        for row in track(rows, description="Left out"):
            media = cached_media(row.path, recipe.run_dir.parent / "media", reader)
            branch = SyncBranch(judges[fold_of[row.group]], speech)
            spans = branch.prepare(media) if media else None
            if isinstance(spans, tuple):
                evidence = branch.score(spans)
                name = row.path.relative_to(recipe.data_dir / "video")
                writer.writerow([name, round(evidence.features["sync_prob"], 6)])


def encode(recipe: Recipe, network: AvSync, speech: SpeechEncoder, rows: Sequence[ClipRow]) -> Banks:
    """Read, pair and encode the clips of the pack; all is kept under the run's folder and beside it."""
    encoder = Encoder(network.lips, speech, recipe.run_dir / "cache", recipe.seed)
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
        encoder.folder.mkdir(parents=True, exist_ok=True)
        np.savez(kept, *series)
    with np.load(kept) as held:
        return [held[name] for name in held.files]


def _dubbed_or_generated(rows: Sequence[ClipRow]) -> list[ClipRow]:
    return [row for row in rows if row.label == "fake" and is_held_out(row.source) and row.audio != "none"]
