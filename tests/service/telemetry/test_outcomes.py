"""What happens to analyses is counted once, in the database, and read as Prometheus reads it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID, uuid4

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from psycopg import AsyncConnection

from fusion.reference import Reference
from service.contract.problems import ProblemDetails
from service.database.migrations import migrate
from service.database.pool import Pool, make_pool
from service.jobs.analyses import Analyses
from service.jobs.engine import Jobs, make_app
from service.telemetry.drift import DriftWatch
from service.telemetry.exposition import render, take_snapshot
from service.telemetry.outcomes import BUCKETS_S, fold, increments, note

pytestmark = pytest.mark.xdist_group("service")

Value = TypeVar("Value")
RESULT = {
    "verdict": "Authentic",
    "probability": 0.125,
    "inconclusive": False,
    "earlyExit": True,
    "features": {"tiny_prob_mean": 0.25, "sync_prob": None},
    "timings": {"media": 0.7, "gate": 0.2, "audio": 0.02},
    "branches": [
        {"name": "gate", "status": "scored"},
        {"name": "audio", "status": "abstained", "code": "no_audio"},
        {"name": "visual", "status": "skipped", "code": "early_exit"},
    ],
}

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def database(postgres: str) -> str:
    """A migrated database."""
    asyncio.run(migrate(postgres))
    return postgres


def using(database: str, work: Callable[[Pool, Analyses], Awaitable[Value]]) -> Value:
    """Run `work` on an empty table of analyses and its pool."""

    async def run() -> Value:
        pool, engine = make_pool(database), make_app()
        async with pool, engine.open_async(pool):
            async with pool.connection() as connection:
                await connection.execute("TRUNCATE analyses, outcomes, tallies CASCADE")
            return await work(pool, Analyses(pool, Jobs(engine)))

    return asyncio.run(run())


async def accepted(connection: AsyncConnection, size_bytes: int = 10) -> UUID:
    """A new analysis without a clip or a job."""
    analysis_id = uuid4()
    await connection.execute(
        "INSERT INTO analyses (id, sha256, size_bytes, filename) VALUES (%s, '00', %s, 'x.mp4')",
        (analysis_id, size_bytes),
    )
    return analysis_id


async def scraped(pool: Pool) -> Samples:
    """Every sample of `/metrics` by name and labels."""
    async with pool.connection() as connection:
        while await fold(connection):
            pass
        text = render(await take_snapshot(connection, 5, DriftWatch(None)), "1.0", CollectorRegistry()).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_each_end_is_counted_once_with_its_reason(database: str) -> None:
    async def work(pool: Pool, analyses: Analyses) -> Samples:
        async with pool.connection() as connection:
            done, broken, cancelled, waiting = [await accepted(connection) for _ in range(4)]
        for analysis_id in (done, done, broken):
            await analyses.start(analysis_id)
        assert await analyses.complete(done, json.dumps(RESULT))
        assert not await analyses.complete(done, json.dumps(RESULT))
        assert not await analyses.fail(done, ProblemDetails.of("internal_error", "Late."))
        assert await analyses.fail(broken, ProblemDetails.of("media_corrupt", "Broken."))
        assert await analyses.cancel(cancelled)
        assert await analyses.get(waiting) is not None
        return await scraped(pool)

    found = using(database, work)
    assert found["vericlip_accepted_total", ()] == 4
    assert found["vericlip_accepted_bytes_total", ()] == 40
    ends = {labels[0][1]: value for (name, labels), value in found.items() if name == "vericlip_analyses_total"}
    assert ends == {"complete": 1, "error": 1, "cancelled": 1}
    assert found["vericlip_analysis_errors_total", (("code", "media_corrupt"),)] == 1
    assert found["vericlip_retries_total", ()] == 1
    assert found["vericlip_early_exits_total", ()] == 1
    assert found["vericlip_verdicts_total", (("conclusive", "yes"), ("verdict", "Authentic"))] == 1
    assert found["vericlip_abstentions_total", (("branch", "audio"), ("code", "no_audio"))] == 1
    assert not any(name == "vericlip_abstentions_total" and "visual" in str(labels) for name, labels in found)
    assert found["vericlip_branch_seconds_bucket", (("branch", "gate"), ("le", "0.1"))] == 0
    assert found["vericlip_branch_seconds_bucket", (("branch", "gate"), ("le", "0.25"))] == 1
    assert found["vericlip_branch_seconds_bucket", (("branch", "gate"), ("le", "+Inf"))] == 1
    assert found["vericlip_branch_seconds_sum", (("branch", "gate"),)] == pytest.approx(0.2)
    assert found["vericlip_stage_seconds_count", (("stage", "media"),)] == 1
    assert found["vericlip_stage_seconds_count", (("stage", "total"),)] == 3


def test_counters_of_many_processes_add_up_and_outlive_the_rows(database: str) -> None:
    async def work(pool: Pool, analyses: Analyses) -> tuple[Samples, Samples]:
        async def one() -> None:
            async with pool.connection() as connection:
                analysis_id = await accepted(connection)
            await analyses.complete(analysis_id, json.dumps(RESULT))
            async with pool.connection() as connection:
                await fold(connection)
            await analyses.erase(analysis_id)

        await asyncio.gather(*(one() for _ in range(20)))
        first = await scraped(pool)
        return first, await scraped(pool)

    first, second = using(database, work)
    assert first["vericlip_analyses_total", (("status", "complete"),)] == 20
    assert first["vericlip_stage_seconds_count", (("stage", "media"),)] == 20
    assert {key: value for key, value in second.items() if key[0].endswith("_total")} == {
        key: value for key, value in first.items() if key[0].endswith("_total")
    }


def test_audits_are_counted_by_outcome(database: str) -> None:
    async def work(pool: Pool, _analyses: Analyses) -> Samples:
        async with pool.connection() as connection:
            for outcome in ("agreed", "agreed", "disagreed"):
                await note(connection, "audit", {"outcome": outcome})
        return await scraped(pool)

    found = using(database, work)
    assert found["vericlip_gate_audits_total", (("outcome", "agreed"),)] == 2
    assert found["vericlip_gate_audits_total", (("outcome", "disagreed"),)] == 1


def test_nothing_that_identifies_a_clip_is_kept(database: str) -> None:
    async def work(pool: Pool, analyses: Analyses) -> tuple[UUID, str]:
        async with pool.connection() as connection:
            analysis_id = await accepted(connection)
        await analyses.complete(analysis_id, json.dumps(RESULT))
        async with pool.connection() as connection:
            rows = await (await connection.execute("SELECT facts FROM outcomes")).fetchall()
        return analysis_id, str(rows)

    analysis_id, kept = using(database, work)
    assert "Authentic" in kept
    assert str(analysis_id) not in kept
    assert "x.mp4" not in kept


def test_drift_is_told_once_there_are_clips_enough(database: str) -> None:
    async def work(pool: Pool, analyses: Analyses) -> list[tuple[dict[str, float], int]]:
        even = ((np.arange(100) + 0.5) / 100).tolist()
        watch = DriftWatch(Reference.of({"tiny_prob_mean": np.array(even)}, 100))
        seen = []
        for values in ([0.1, 0.9], even, [0.97] * 120):
            for value in values:
                async with pool.connection() as connection:
                    analysis_id = await accepted(connection)
                await analyses.complete(analysis_id, json.dumps({**RESULT, "features": {"tiny_prob_mean": value}}))
            async with pool.connection() as connection:
                seen.append(await watch.measure(connection))
        return seen

    few, alike, shifted = using(database, work)
    assert few == ({}, 2)
    assert alike[0]["tiny_prob_mean"] < 0.1
    assert shifted[0]["tiny_prob_mean"] > 0.25
    assert shifted[1] == 222


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.051, 600.0, 601.0])
def test_every_duration_falls_into_one_bucket(seconds: float) -> None:
    found = increments("analysis", {"status": "error", "work_s": seconds})
    bounds = [dict(labels)["le"] for (name, labels), count in found.items() if name == "vericlip_stage_seconds_bucket"]
    assert len(bounds) == 1
    assert seconds <= float(bounds[0])
    assert all(bound >= float(bounds[0]) for bound in BUCKETS_S if seconds <= bound)
