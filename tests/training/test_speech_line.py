"""The line through pooled layers: what it learns, and that a source left out is truly left out."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.audio.data import Utterance
from training.audio.line import Examples, fit_line, left_out_scores


def test_with_sources_of_one_size_the_line_is_the_balanced_regression() -> None:
    examples = drawn(sources=2, each=30)
    line = fit_line(examples, strength=0.1)
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300, class_weight="balanced"))
    regression.fit(examples.pooled, np.tile(examples.spoof, 2))
    assert examples.pooled @ line.weight + line.bias == pytest.approx(
        regression.decision_function(examples.pooled), abs=1e-2
    )


def test_a_source_counts_by_the_root_of_its_size() -> None:
    utterances = [utterance(spoof=True, source="large")] * 16 + [utterance(spoof=True, source="small")] * 4
    utterances += [utterance(spoof=False, source="other")] * 5
    examples = Examples.of(utterances, np.zeros((50, 3), np.float32))
    large, small = examples.weights[:16].sum(), examples.weights[16:20].sum()
    assert large / small == pytest.approx(2.0)


def test_what_only_one_source_shows_does_not_help_it_when_it_is_left_out() -> None:
    examples = drawn(sources=6, each=20)
    marked = examples.pooled.copy()
    mine = np.tile(examples.source == "source 0", 2)
    marked[:, 0] = 0.0
    marked[mine, 0] = np.where(np.tile(examples.spoof, 2)[mine], 50.0, -50.0)
    hinted = Examples(marked, examples.spoof, examples.source, examples.weights)
    inside = examples.source == "source 0"
    seen = fit_line(hinted, 1.0)
    assert separation(marked[:120][inside] @ seen.weight, examples.spoof[inside]) > 3
    unseen = left_out_scores(hinted, 1.0, folds=6, seed=0)
    assert separation(unseen[inside], examples.spoof[inside]) < 3


def test_a_subset_keeps_every_copy_of_its_utterances() -> None:
    utterances = [utterance(spoof=k % 2 == 0, source="one") for k in range(4)]
    pooled = np.arange(12, dtype=np.float32)[:, None]
    subset = Examples.of(utterances, pooled).subset(np.array([1, 2]))
    assert subset.copies == 3
    assert subset.pooled[:, 0].tolist() == [1, 2, 5, 6, 9, 10]
    assert subset.spoof.tolist() == [False, True]


def separation(scores: np.ndarray, spoof: np.ndarray) -> float:
    """Distance of the classes' means, in deviations."""
    spread = (scores[spoof].std() + scores[~spoof].std()) / 2
    return float((scores[spoof].mean() - scores[~spoof].mean()) / spread)


def drawn(sources: int, each: int) -> Examples:
    """Utterances of which spoofs lie a little higher, half of each source spoofed."""
    rng = np.random.default_rng(0)
    utterances = [utterance(spoof=k % 2 == 0, source=f"source {s}") for s in range(sources) for k in range(each)]
    labels = np.tile([u.spoof for u in utterances], 2)
    pooled = rng.normal(3, 2, (len(labels), 12)) + 0.5 * labels[:, None]
    return Examples.of(utterances, pooled.astype(np.float32))


def utterance(*, spoof: bool, source: str) -> Utterance:
    return Utterance("a.ogg", spoof, "system", source, "train", "")
