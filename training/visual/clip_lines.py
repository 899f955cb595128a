"""Lines through CLIP's class tokens: what pseudo-fakes teach, what published ones do, and both beside ResNet-18."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression

from branches.visual import Logits
from models.clip_encoder import FURTHEST
from training.copies import copy_shares
from training.fusion.regression import balanced_weights
from training.shown import Shown
from training.standard_line import StandardLine
from training.visual.clip_tokens import SeenClip, Tokens
from training.visual.levelling import NOT_LEVELLED, Level
from training.within_pages import fit_within_pages


@dataclass(frozen=True, slots=True)
class Teaching:
    """How published pictures teach: inverse regularisation `strength`; how much all spoilt copies count beside the
    pictures as they are; and how much all clips of pages of one class, and all stills, beside the other clips."""

    strength: float
    copies_share: float
    one_class_share: float
    stills_share: float


@dataclass(frozen=True, slots=True, eq=False)
class TokenLine(StandardLine):
    """A line through class tokens, which is fitted on what `level` leaves of them."""

    furthest = FURTHEST

    level: Level = NOT_LEVELLED

    @classmethod
    def fit(cls, pairs: Tokens, strength: float, spoilt: Sequence[Tokens] = (), share: float = 0.0) -> "TokenLine":
        """Logistic regression of inverse regularisation `strength` on pairs `(N, 2, width)`, the real face first.

        With groups of tokens `spoilt` `(1 + K, M, width)`, of clips as they are and spoilt in K ways, `share` of what
        tokens hold along the directions in which spoiling moves them is taken out, here and where others are fitted on
        this scale.
        """
        faces = pairs.reshape(-1, pairs.shape[2]).astype(np.float64)
        scale = cls(faces.mean(axis=0), faces.std(axis=0) + 1e-6, np.zeros(0), 0.0)
        if spoilt:
            groups = [np.stack([scale.standard(copy) for copy in group]) for group in spoilt]
            scale = replace(scale, level=Level.of(groups, share))
        regression = LogisticRegression(C=strength, max_iter=1000)
        regression.fit(scale.level(scale.standard(faces)), np.tile([0, 1], len(pairs)))
        return scale._with(regression.coef_[0], float(regression.intercept_[0]))

    def fit_published(self, tokens: Tokens, shown: Shown, teaching: Teaching) -> "TokenLine":
        """A line on this one's scale through tokens `(1 + copies, N, width)` of published pictures and spoilt copies of
        them, by what tells within pages.

        The bias means nothing.
        """
        joined, features = shown.joined(), np.stack([self.level(self.standard(copy)) for copy in tokens])
        weights = joined.weights(teaching.one_class_share, teaching.stills_share)
        shares = copy_shares((len(tokens) - 1, teaching.copies_share))
        weight, _ = fit_within_pages(features, joined, weights, shares, teaching.strength)
        return self._with(weight, 0.0)

    def _with(self, weight: NDArray[np.float64], bias: float) -> "TokenLine":
        """The line on this scale that weighs levelled features so."""
        return replace(self, weight=self.level(weight), bias=bias)

    def plus(self, other: "TokenLine", share: float) -> "TokenLine":
        """This line's logit and `share` of that of another on its scale."""
        return replace(self, weight=self.weight + share * other.weight, bias=self.bias + share * other.bias)


def published_left_out(line: TokenLine, tokens: Tokens, shown: Shown, teaching: Teaching) -> list[TokenLine]:
    """For each clip of the held-out pages, a line through pictures of other pages, people and makers than its own."""
    lines: dict[int, TokenLine] = {}
    turns = [judged for turn in shown.turns() if (judged := turn & shown.held_out).any()]
    for unseen in track(turns, description="Pages left out"):
        kept = shown.unlike(unseen)
        fitted = line.fit_published(tokens[:, kept], shown.where(kept), teaching)
        lines |= dict.fromkeys(np.flatnonzero(unseen).tolist(), fitted)
    return [lines[place] for place in sorted(lines)]


@dataclass(frozen=True, slots=True)
class Joint:
    """The branch's logit: ResNet-18's times `resnet_weight`, plus `scale` times the sum of the line through pairs and
    `published_weight` of that through published pictures, plus `offset`."""

    resnet_weight: float
    published_weight: float
    scale: float
    offset: float

    @classmethod
    def fit(
        cls,
        clips: Sequence[SeenClip],
        pairs: TokenLine,
        published: Sequence[TokenLine],
        resnet_share: float,
        published_share: float,
    ) -> "Joint":
        """Count one deviation of ResNet-18's mean logit as `resnet_share` of the line's through pairs, and one of the
        line's through published pictures, for each clip that which does not know it, as `published_share`."""
        pictured = np.array([clip.row.video_label == clip.row.label for clip in clips])
        shown = Shown.of([clip.row for clip in clips]).where(pictured)
        first, second, third = (
            np.array(found)[pictured]
            for found in (
                [clip.resnet.mean() for clip in clips],
                [clip.logits(pairs).mean() for clip in clips],
                [clip.logits(line).mean() for clip, line in zip(clips, published, strict=True)],
            )
        )
        weight, published_weight = (
            share * float(second.std() / view.std())
            for share, view in ((resnet_share, first), (published_share, third))
        )
        joined = (weight * first + second + published_weight * third)[:, None]
        shares = balanced_weights(shown.forged.astype(np.int64), shown.kind)
        calibrated = LogisticRegression(C=1e3).fit(joined, shown.forged, shares / shares.mean())
        scale = float(calibrated.coef_[0, 0])
        return cls(scale * weight, published_weight, scale, float(calibrated.intercept_[0]))

    def line(self, pairs: TokenLine, published: TokenLine) -> TokenLine:
        """Both lines as one."""
        return pairs.plus(published, self.published_weight)

    def of(self, clip: SeenClip, line: TokenLine) -> Logits:
        """Joined logit of every crop, `(N,)`, both lines being joined in one."""
        return self.resnet_weight * clip.resnet + self.scale * clip.logits(line) + self.offset
