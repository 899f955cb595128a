"""Balanced sets: classes, methods and people in equal measure."""

from collections import Counter, defaultdict

import pytest

from tests.training.datasets.made import entry, people
from training.datasets.balance import balance, class_balanced_weights


def test_classes_come_out_even_and_people_before_takes() -> None:
    kept = balance(people(), seed=0)
    assert Counter(item.label for item in kept) == {"real": 40, "fake": 40}
    assert len({item.group for item in kept if item.label == "real"}) == 40
    assert [item.file for item in kept] == [item.file for item in people() if item in kept]


def test_methods_come_out_even() -> None:
    many = [entry(f"a{n}.mp4", "fake", "common", group=f"a{n}") for n in range(50)]
    few = [entry(f"b{n}.mp4", "fake", "rare", group=f"b{n}") for n in range(5)]
    reals = [entry(f"r{n}.mp4", group=f"r{n}") for n in range(10)]
    kept = balance([*many, *few, *reals], seed=0)
    assert Counter(item.method for item in kept) == {"common": 5, "rare": 5, "none": 10}
    assert len(balance([*many, *few, *reals], seed=0, most=4)) == 8


def test_weights_give_classes_methods_and_groups_equal_sums() -> None:
    made = [entry("r1", group="x"), entry("r2", group="x"), entry("r3", group="y"), entry("f1", "fake", "a"),
            entry("f2", "fake", "b"), entry("f3", "fake", "b")]  # fmt: skip
    weights = class_balanced_weights(made)
    sums: dict[str, float] = defaultdict(float)
    for item, weight in zip(made, weights, strict=True):
        for key in (item.label, f"method {item.method}", f"group {item.group}"):
            sums[key] += weight
    assert sum(weights) == pytest.approx(len(made))
    assert sums["real"] == pytest.approx(sums["fake"])
    assert sums["method a"] == pytest.approx(sums["method b"])
    assert sums["group x"] == pytest.approx(sums["group y"])
