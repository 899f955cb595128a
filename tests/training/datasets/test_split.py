"""Splits never cut a group and keep every class and method in its share."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from tests.training.datasets.made import entry, people
from training.datasets.manifest import Entry
from training.datasets.split import hold_out, leave_one_out, split_entries

SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}


def _splits_of_groups(entries: Sequence[Entry]) -> list[set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in entries:
        found[item.group].add(item.split)
    return list(found.values())


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_cut_and_strata_have_their_share(seed: int) -> None:
    made = split_entries(people(), SHARES, seed)
    assert [item.file for item in made] == [item.file for item in people()]
    assert all(len(splits) == 1 for splits in _splits_of_groups(made))
    counts = Counter((item.split, item.method) for item in made)
    for name, share in SHARES.items():
        for method, total in (("none", 80), ("method-0", 20), ("method-1", 20)):
            assert counts[name, method] == pytest.approx(share * total, abs=2)


def test_a_huge_group_stays_whole() -> None:
    crowd = [entry(f"{take}.mp4", group="one") for take in range(50)]
    made = split_entries([*crowd, *people(10)], SHARES, 0)
    assert len({item.split for item in made if item.group == "one"}) == 1
    assert {item.split for item in made} == set(SHARES)


def test_the_seed_decides() -> None:
    assert split_entries(people(), SHARES, 1) == split_entries(people(), SHARES, 1)
    assert split_entries(people(), SHARES, 1) != split_entries(people(), SHARES, 2)


@pytest.mark.parametrize("shares", [{"train": 0.5, "test": 0.6}, {"train": 1.0, "test": 0.0}])
def test_shares_must_make_sense(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        split_entries(people(), shares, 0)


def test_a_source_left_out_is_nowhere_else() -> None:
    made = hold_out(people(), lambda item: item.source == "page-1", 0.2, 0)
    assert {item.split for item in made if item.source == "page-1"} == {"test"}
    assert {item.split for item in made} == {"train", "dev", "test"}
    assert all(len(splits) == 1 for splits in _splits_of_groups(made))


def test_a_generator_left_out_is_tested_against_real_clips() -> None:
    fakes = [entry(f"f{n}.mp4", "fake", f"method-{n % 3}", group=f"f{n}") for n in range(30)]
    reals = [entry(f"r{n}.mp4", group=f"r{n}") for n in range(30)]
    folds = leave_one_out([*fakes, *reals], "method", 0.1, 0)
    assert set(folds) == {"method-0", "method-1", "method-2"}
    for method, fold in folds.items():
        test = [item for item in fold if item.split == "test"]
        assert {item.method for item in test} == {method, "none"}
        assert not [item for item in fold if item.method == method and item.split != "test"]


def test_one_of_one_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        leave_one_out([entry("a.mp4", source="only")], "source", 0.1, 0)
    with pytest.raises(ValueError, match="not 'label'"):
        leave_one_out(people(), "label", 0.1, 0)
