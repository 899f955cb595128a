"""What happened to analyses, as counters. The database notes each outcome in the transaction that makes it true;
one process at a time folds the notes into tallies. So the numbers hold for all processes together, over restarts,
and an analysis counts once, however often it was tried."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from psycopg import AsyncConnection

from fusion.features import BRANCHES

FOLD_LOCK: Final = 0x76657269_666F6C64
"""Advisory lock under which one process at a time folds ("verifold" in ASCII)."""

FOLD_LIMIT: Final = 1_000
KEPT_DAYS: Final = 7
"""Days for which folded outcomes are kept, anonymous as they are, for the drift gauges to look back on."""

BUCKETS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of the latency histograms, in seconds; the last bucket is endless."""

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A counter's name and its labels, sorted by name."""


def increments(kind: str, facts: Mapping[str, Any]) -> Counter[Key]:
    """By how much one outcome raises each counter."""
    found: Counter[Key] = Counter()
    for name, labels, value in _events(kind, facts):
        found[(name, tuple(sorted(labels.items())))] += value  # type: ignore[assignment]  # sums of seconds
    return found


def _events(kind: str, facts: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], float]]:
    if kind == "accepted":
        yield "vericlip_accepted_total", {}, 1
        yield "vericlip_accepted_bytes_total", {}, facts.get("bytes") or 0
    elif kind == "audit":
        yield "vericlip_gate_audits_total", {"outcome": str(facts["outcome"])}, 1
    elif kind == "analysis":
        yield from _analysis(facts)


def _analysis(facts: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "vericlip_analyses_total", {"status": str(facts["status"])}, 1
    if facts.get("code"):
        yield "vericlip_analysis_errors_total", {"code": str(facts["code"])}, 1
    yield "vericlip_retries_total", {}, max(0, (facts.get("attempts") or 0) - 1)
    for stage in ("queue", "work", "total"):
        if facts.get(f"{stage}_s") is not None:
            yield from _timed("vericlip_stage_seconds", {"stage": stage}, facts[f"{stage}_s"])
    if facts["status"] != "complete":
        return
    sure = "no" if facts.get("inconclusive") else "yes"
    yield "vericlip_verdicts_total", {"verdict": str(facts.get("verdict")), "conclusive": sure}, 1
    yield "vericlip_early_exits_total", {}, bool(facts.get("early_exit"))
    for item in facts.get("abstained") or ():
        yield "vericlip_abstentions_total", {"branch": str(item["branch"]), "code": str(item["code"])}, 1
    for name, seconds in (facts.get("timings") or {}).items():
        if name in BRANCHES:
            yield from _timed("vericlip_branch_seconds", {"branch": name}, seconds)
        elif name == "media":
            yield from _timed("vericlip_stage_seconds", {"stage": "media"}, seconds)


def _timed(name: str, labels: dict[str, str], seconds: float) -> Iterator[tuple[str, dict[str, str], float]]:
    place = bisect_left(BUCKETS_S, seconds)
    bound = f"{BUCKETS_S[place]:g}" if place < len(BUCKETS_S) else "+Inf"
    yield f"{name}_bucket", {**labels, "le": bound}, 1
    yield f"{name}_sum", labels, seconds


async def fold(connection: AsyncConnection) -> int:
    """Turn what has been noted into tallies, and forget notes that are old; returns how many were folded."""
    async with connection.transaction():
        row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (FOLD_LOCK,))).fetchone()
        if row is None or not row[0]:
            return 0
        cursor = await connection.execute(
            "SELECT id, kind, facts FROM outcomes WHERE NOT folded ORDER BY id LIMIT %s", (FOLD_LIMIT,)
        )
        notes = await cursor.fetchall()
        if not notes:
            return 0
        total: Counter[Key] = Counter()
        for _, kind, facts in notes:
            total.update(increments(kind, facts))
        await _add(connection, total)
        await connection.execute("UPDATE outcomes SET folded = true WHERE id = ANY(%s)", ([note[0] for note in notes],))
        await connection.execute(
            "DELETE FROM outcomes WHERE folded AND at < now() - make_interval(days => %s)", (KEPT_DAYS,)
        )
    return len(notes)


async def _add(connection: AsyncConnection, total: Mapping[Key, float]) -> None:
    counted = sorted((key, value) for key, value in total.items() if value)
    await connection.execute(
        "INSERT INTO tallies (name, labels, value) SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[]) "
        "ON CONFLICT (name, labels) DO UPDATE SET value = tallies.value + EXCLUDED.value",
        (
            [name for (name, _), _ in counted],
            [json.dumps(dict(labels)) for (_, labels), _ in counted],
            [float(value) for _, value in counted],
        ),
    )


async def note(connection: AsyncConnection, kind: str, facts: Mapping[str, Any]) -> None:
    """Note an outcome that the database cannot see for itself."""
    await connection.execute("INSERT INTO outcomes (kind, facts) VALUES (%s, %s)", (kind, json.dumps(facts)))
