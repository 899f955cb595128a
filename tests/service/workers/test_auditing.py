"""A share of early exits is rerun in full, behind everything else, and counted."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from service.database.migrations import migrate
from service.database.pool import Pool, make_pool
from service.inference.process import InferenceProcess
from service.jobs.engine import Jobs, make_app
from service.media.storage import MediaStore
from service.settings import Settings
from service.workers.auditing import GateAudit
from tests.service.running import RunningService, eventually

pytestmark = pytest.mark.xdist_group("service")

Value = TypeVar("Value")
EXITED: dict[str, Any] = {"earlyExit": True}


def with_audit(conninfo: str, media: Path, share: float, work: Callable[[GateAudit, Pool], Awaitable[Value]]) -> Value:
    """Run `work` with an auditor whose inference process is not started."""

    async def run() -> Value:
        await migrate(conninfo)
        pool, engine = make_pool(conninfo), make_app()
        async with pool, engine.open_async(pool):
            audit = GateAudit(pool, Jobs(engine), MediaStore(media), InferenceProcess(Settings().inference(1)), share)
            return await work(audit, pool)

    return asyncio.run(run())


def test_only_sampled_exits_are_queued_and_behind_everything_else(postgres: str, tmp_path: Path) -> None:
    async def work(audit: GateAudit, pool: Pool) -> list[tuple[Any, ...]]:
        assert await audit.consider(uuid4(), EXITED)
        assert not await audit.consider(uuid4(), {"earlyExit": False})
        async with pool.connection() as connection:
            sql = "SELECT queue_name, task_name, priority FROM procrastinate_jobs"
            return await (await connection.execute(sql)).fetchall()

    assert with_audit(postgres, tmp_path, 1.0, work) == [("audit", "audit", -10)]


def test_share_of_the_sample_is_kept(postgres: str, tmp_path: Path) -> None:
    async def work(audit: GateAudit, _pool: Pool) -> int:
        return sum(
            audit.samples(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(20_000)
        )

    assert with_audit(postgres, tmp_path, 0.0, work) == 0
    assert 0.015 < with_audit(postgres, tmp_path, 0.02, work) / 20_000 < 0.025
    assert with_audit(postgres, tmp_path, 1.0, work) == 20_000


def test_clip_that_was_erased_meanwhile_is_noted_as_such(postgres: str, tmp_path: Path) -> None:
    async def work(audit: GateAudit, pool: Pool) -> list[tuple[Any, ...]]:
        await audit(uuid4())
        async with pool.connection() as connection:
            return await (await connection.execute("SELECT facts FROM outcomes WHERE kind = 'audit'")).fetchall()

    assert with_audit(postgres, tmp_path, 1.0, work) == [({"outcome": "erased"},)]


def test_worker_asks_every_branch_about_an_audited_clip(service: RunningService, face_clip: Path) -> None:
    analysis_id = service.submit(face_clip)
    assert service.outcome(analysis_id)["status"] == "complete"

    async def work(audit: GateAudit, _pool: Pool) -> bool:
        return await audit.consider(UUID(analysis_id), EXITED)

    assert with_audit(service.conninfo(), service.data_dir / "media", 1.0, work)
    sql = "SELECT facts ->> 'outcome', facts -> 'probability' FROM outcomes WHERE kind = 'audit'"
    ((outcome, probability),) = eventually(lambda: service.query(sql), "the audit")
    assert outcome == ("agreed" if probability < 0.5 else "disagreed")
    assert service.status(analysis_id)["status"] == "complete"
    eventually(lambda: "vericlip_gate_audits_total{outcome=" in service.http.get("/metrics").text, "the tally")
