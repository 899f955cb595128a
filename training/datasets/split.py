"""Splits that never cut a group, with every class and method in its share of each part."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.datasets.manifest import Entry

DEFAULT_SHARES: Mapping[str, float] = {"train": 0.7, "dev": 0.15, "test": 0.15}


def split_entries(entries: Sequence[Entry], shares: Mapping[str, float], seed: int) -> list[Entry]:
    """Give every entry a split, whole groups at a time; the order is kept.

    Groups go, the largest first and otherwise in an order drawn from `seed`, to where they leave the counts of their
    (label, method) closest to what `shares` asks for.

    Raises:
        ValueError: the shares are not positive or do not sum to 1.
    """
    if any(share <= 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise ValueError(f"shares must be positive and sum to 1, not {dict(shares)}")
    groups = _groups(entries)
    order = [list(groups)[place] for place in np.random.default_rng(seed).permutation(len(groups))]
    wanted = Counter(_stratum(entry) for entry in entries)
    filled: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in shares}
    place_of = {}
    for group in sorted(order, key=lambda group: -len(groups[group])):
        members = Counter(_stratum(entry) for entry in groups[group])
        place_of[group] = max(shares, key=lambda name: _room(members, filled[name], wanted, shares[name]))
        filled[place_of[group]] += members
    return [replace(entry, split=place_of[entry.group]) for entry in entries]


def hold_out(entries: Sequence[Entry], chosen: Callable[[Entry], bool], share: float, seed: int) -> list[Entry]:
    """Put what is chosen into `test`, with every group that it touches, and split the rest into `train` and `dev`.

    If the test part would lack a class, it is given a fifth of that class, whole groups; `share` is that of `dev`.
    """
    out = {entry.group for entry in entries if chosen(entry)}
    rest = [entry for entry in entries if entry.group not in out]
    test_labels = {entry.label for entry in entries if entry.group in out}
    for label in sorted({entry.label for entry in entries} - test_labels):
        others = [entry for entry in rest if entry.label == label]
        if others:
            drawn = split_entries(others, {"test": 0.2, "rest": 0.8}, seed)
            out |= {entry.group for entry in drawn if entry.split == "test"}
    rest = [entry for entry in entries if entry.group not in out]
    kept = {entry.group: entry.split for entry in split_entries(rest, {"train": 1 - share, "dev": share}, seed)}
    return [replace(entry, split=kept.get(entry.group, "test")) for entry in entries]


def leave_one_out(entries: Sequence[Entry], by: str, share: float, seed: int) -> dict[str, list[Entry]]:
    """One split for each source, or for each method of what is forged (`by` is "source" or "method").

    Raises:
        ValueError: another `by`, or there is only one of it.
    """
    if by not in ("source", "method"):
        raise ValueError(f"one source or one method can be left out, not {by!r}")
    names = sorted({getattr(entry, by) for entry in entries} - {"none", ""})
    if len(names) < 2:
        raise ValueError(f"the manifest names fewer than two values of {by}")
    return {name: hold_out(entries, is_from(by, name), share, seed) for name in names}


def is_from(by: str, name: str) -> Callable[[Entry], bool]:
    """Whether an entry's `by` (source or method) is `name`."""

    def chosen(entry: Entry) -> bool:
        return bool(getattr(entry, by) == name)

    return chosen


def _groups(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.group].append(entry)
    return dict(sorted(groups.items()))


def _stratum(entry: Entry) -> tuple[str, str]:
    return entry.label, entry.method


def _room(
    members: Counter[tuple[str, str]],
    filled: Counter[tuple[str, str]],
    wanted: Counter[tuple[str, str]],
    share: float,
) -> float:
    """How much a part lacks of these members' strata, as a share of what it should hold; ties go to the larger part."""
    lack = [(share * wanted[stratum] - filled[stratum]) / (share * wanted[stratum]) for stratum in members.elements()]
    return float(np.mean(lack)) + 1e-6 * share
