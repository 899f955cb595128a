"""Fit the lines through the statistics of films and of mouths, and how much mouths and the LSTM count beside films.

What ships has learnt from every clip. How good that is, is told by lines fitted without a clip's page, its people and
its generator, which score that clip; fusion is fitted on those scores too.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.preprocessing import RobustScaler

from branches.media import MediaReader
from models.film import FURTHEST, build_film_classifier
from models.mouth_motion import build_mouth_classifier
from models.sequence import build_track_lstm
from models.store import WEIGHTS_DIR, ModelStore
from training.clips import ClipRow, read_clips
from training.confounders import alike_auc, read_confounders
from training.matched import held_out_metrics
from training.media_cache import cached_media
from training.metrics import roc_auc
from training.publish import publish_network
from training.recipe import Recipe
from training.shown import Shown
from training.splits import is_held_out
from training.standard_line import StandardLine
from training.temporal.films import Films, load_films
from training.temporal.fit import FILE as LSTM_FILE
from training.temporal.fit import clip_logit
from training.temporal.joint import Joint, Logits
from training.temporal.mouths import load_lr_asd
from training.within_pages import fit_within_pages

FILE: Final = "temporal_film.safetensors"
MOUTH_FILE: Final = "temporal_mouth.safetensors"
LEFT_OUT: Final = "left_out.csv"
DATA: Final = (
    "films of all the pack's clips, as they are and degraded. Figures, of the held-out pages: each clip scored by a "
    "line that had not learnt from its page, its people or its generator"
)
MOUTH_DATA: Final = (
    "the first half of LR-ASD's visual encoder (MIT licence), untouched; the line on mouths of all the pack's clips, "
    "as they are and degraded. Figures as of films"
)


@dataclass(frozen=True, slots=True)
class Teaching:
    """How films, or mouths, teach: inverse regularisation `strength`; how much all degraded copies, and all noisy
    ones, count beside the clips as they are; and how much clips of pages of one class beside those of pages that show
    both."""

    strength: float
    copies_share: float
    one_class_share: float
    noisy_share: float = 0.0

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Teaching":
        """What a table of a recipe says of it."""
        return cls(**{field.name: options[field.name] for field in fields(cls) if field.name in options})


class FilmLine(StandardLine):
    """A line through statistics of films, or of mouths."""

    furthest = FURTHEST

    @classmethod
    def fit(cls, films: Films, shown: Shown, kept: NDArray[np.bool_], teaching: Teaching) -> "FilmLine":
        """Logistic regression on the films at `kept` bool `(N,)` that show anything, by what tells within pages."""
        seen = kept & ~np.isnan(films.statistics[0, :, 0])
        statistics, joined = films.statistics[:, seen], shown.where(seen).joined()
        scaler = RobustScaler().fit(statistics[0])
        line = cls(scaler.center_.astype(np.float64), scaler.scale_.astype(np.float64), np.zeros(0), 0.0)
        features = np.stack([line.standard(copy) for copy in statistics])
        shares = films.shares(teaching.copies_share, teaching.noisy_share)
        weights = joined.weights(teaching.one_class_share)
        return cls(line.middle, line.spread, *fit_within_pages(features, joined, weights, shares, teaching.strength))


def fit(recipe: Recipe, weights_dir: Path = WEIGHTS_DIR) -> None:
    """Measure all films and mouths, score each clip by lines that do not know it, join with the LSTM, and publish."""
    options = recipe.options
    torch.set_num_threads(1)
    manifest = recipe.data_dir / "video" / "clips.csv"
    network, mouth_network = build_film_classifier({}).eval(), build_mouth_classifier({}).eval()
    load_lr_asd(mouth_network.encoder, recipe.data_dir / options["mouth"]["init"])
    films, mouths = load_films(
        read_clips(manifest), mouth_network, recipe.run_dir / "measured", recipe.seed, options["copies"],
        options["noisy_copies"], options["workers"],
    )  # fmt: skip
    media = recipe.run_dir.parent / "media"
    shown = Shown.of(films.rows, confounders=read_confounders(films.rows, media))
    # Beside confounders mouths tell more by themselves, but add less to films.
    bare = Shown.of(films.rows)
    teaching, mouth_teaching = Teaching.of(options), Teaching.of(options["mouth"])
    left_out = left_out_logits(films, shown, teaching)
    mouth_left_out = left_out_logits(mouths, bare, mouth_teaching)
    lstm = lstm_logits(films.rows, media, ModelStore(weights_dir))
    joint = Joint.fit(shown, left_out[0], mouth_left_out[0], lstm, options["mouth"]["weight"], options["lstm_weight"])
    joined = joint.of(left_out[0], mouth_left_out[0], lstm)
    metrics = film_metrics(films, shown, left_out, mouth_left_out[0], joined)
    Console().print(joint, metrics)
    write_left_out(recipe.run_dir / LEFT_OUT, manifest.parent, films.rows, joined)
    every = np.ones(len(films.rows), bool)
    FilmLine.fit(films, shown, every, teaching).write(network, joint.scale, joint.offset)
    FilmLine.fit(mouths, bare, every, mouth_teaching).write(mouth_network, joint.mouth_weight, 0.0)
    publish_network(
        network, FILE, role="film", config={"lstm_weight": round(joint.lstm_weight, 4)}, metrics=metrics,
        provenance=recipe.provenance(DATA), folder=weights_dir, half=False,
    )  # fmt: skip
    publish_network(
        mouth_network, MOUTH_FILE, role="mouth", config={}, metrics={"held_out": metrics["mouth_alone"]},
        provenance=recipe.provenance(MOUTH_DATA), folder=weights_dir,
    )  # fmt: skip


def left_out_logits(films: Films, shown: Shown, teaching: Teaching) -> Logits:
    """Logit of every clip and copy by a line fitted without its page, its people and its generator.

    Gives float64 `(1 + copies, N)`, NaN where a copy shows no face.
    """
    logits = np.full(films.statistics.shape[:2], np.nan)
    for unseen in track(shown.turns(), description="Pages left out"):
        line = FilmLine.fit(films, shown, shown.unlike(unseen), teaching)
        for copy, statistics in enumerate(films.statistics):
            logits[copy, unseen] = line.of(statistics[unseen])
    return logits


def lstm_logits(rows: list[ClipRow], cache: Path, store: ModelStore) -> Logits:
    """The LSTM's logit of each clip of the held-out pages, of which it has learnt nothing; NaN elsewhere."""
    network, reader = store.network(LSTM_FILE, build_track_lstm), MediaReader()
    logits = np.full(len(rows), np.nan)
    for place, row in enumerate(track(rows, description="Crops over time")):
        media = cached_media(row.path, cache, reader) if is_held_out(row.source) else None
        logits[place] = clip_logit(network, media.faces) if media is not None else np.nan
    return logits


def film_metrics(films: Films, shown: Shown, left_out: Logits, mouth: Logits, joined: Logits) -> dict[str, Any]:
    """Figures on the held-out pages: of the joined score, of film and mouth alone, and of films degraded at random.

    Of all pages, `alike_auc` is within fifths of clips that their quality makes about as likely forged, and
    `noise_shift` how much noise moves the film's log-odds on average, in their deviations.
    """
    kept = [place for place, row in enumerate(films.rows) if is_held_out(row.source)]
    held_out = [films.rows[place] for place in kept]
    fake = shown.forged
    degraded, noisy = np.split(left_out[1:], [len(left_out) - 1 - films.noisy])
    shifts = (noisy - left_out[0]) / left_out[0].std()
    return {
        "held_out": held_out_metrics(held_out, joined[kept], visual_only=True),
        "film_alone": held_out_metrics(held_out, left_out[0, kept], visual_only=True),
        "mouth_alone": mouth_metrics(films.rows, mouth),
        "all_pages": {
            "clips": len(films.rows),
            "auc": round(roc_auc(fake, left_out[0]), 4),
            "joined_auc": round(roc_auc(fake, joined), 4),
            "alike_auc": round(alike_auc(shown.confounders, fake, left_out[0]), 4),
            "joined_alike_auc": round(alike_auc(shown.confounders, fake, joined), 4),
            "degraded_auc": _mean(_aucs(fake, degraded)),
            "noisy_auc": _mean(_aucs(fake, noisy)),
            "noise_shift": _mean(shifts[~np.isnan(shifts)]),
        },
    }


def mouth_metrics(rows: list[ClipRow], mouth: Logits) -> dict[str, float]:
    """Figures of the mouth alone, of the held-out pages' clips in which it is seen."""
    kept = [place for place, row in enumerate(rows) if is_held_out(row.source) and not np.isnan(mouth[place])]
    return held_out_metrics([rows[place] for place in kept], mouth[kept], visual_only=True)


def _aucs(fake: NDArray[np.bool_], copies: Logits) -> list[float]:
    """AUC of each copy `(copies, N)` that shows any face."""
    return [roc_auc(fake[known], copy[known]) for copy in copies if (known := ~np.isnan(copy)).any()]


def _mean(figures: Sequence[float] | NDArray[np.float64]) -> float | None:
    return round(float(np.mean(figures)), 4) if len(figures) else None


def write_left_out(path: Path, folder: Path, rows: list[ClipRow], logits: Logits) -> None:
    """Write the scores as `vericlip fit-fusion --left-out` reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "temporal_prob_fake"))
        for row, logit in zip(rows, logits, strict=True):
            writer.writerow((row.path.relative_to(folder), round(float(1 / (1 + np.exp(-logit))), 6)))
