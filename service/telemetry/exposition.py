"""`GET /metrics`: the tallies and the present state of the database, as Prometheus reads them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from service.telemetry.drift import DriftWatch
from service.telemetry.outcomes import BUCKETS_S

COUNTERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "vericlip_accepted": ("Clips accepted for analysis.", ()),
    "vericlip_accepted_bytes": ("Bytes of the clips accepted.", ()),
    "vericlip_analyses": ("Analyses that ended, by terminal status.", ("status",)),
    "vericlip_analysis_errors": ("Analyses that ended in error, by stable code.", ("code",)),
    "vericlip_retries": ("Attempts beyond the first, after crashes.", ()),
    "vericlip_verdicts": ("Verdicts given.", ("verdict", "conclusive")),
    "vericlip_early_exits": ("Verdicts given by the gate alone.", ()),
    "vericlip_abstentions": ("Branches that could not judge a clip, by reason.", ("branch", "code")),
    "vericlip_gate_audits": ("Early exits rerun through the full path, by outcome.", ("outcome",)),
}
"""Counter to help text and label names; samples carry the suffix `_total`."""

HISTOGRAMS: Final[dict[str, tuple[str, str]]] = {
    "vericlip_stage_seconds": (
        "Seconds by stage: queue (waiting), media (decoding), work (first start to end), total (upload to end).",
        "stage",
    ),
    "vericlip_branch_seconds": ("Seconds that each branch took.", "branch"),
}

QUEUES_SQL: Final = """
    SELECT queue_name, count(*) FILTER (WHERE status = 'todo') AS waiting,
           count(*) FILTER (WHERE status = 'doing') AS running,
           coalesce(extract(epoch FROM now() - min(queued_at) FILTER (WHERE status = 'todo')), 0)::float8 AS oldest_s
    FROM (SELECT job.queue_name, job.status,
                 (SELECT min(event.at) FROM procrastinate_events AS event WHERE event.job_id = job.id) AS queued_at
          FROM procrastinate_jobs AS job WHERE job.status IN ('todo', 'doing')) AS jobs
    GROUP BY queue_name ORDER BY queue_name
"""
WORKERS_SQL: Final = """
    SELECT host, pid, versions, memory_bytes, device FROM ready_workers
    WHERE seen_at > now() - make_interval(secs => %s) ORDER BY host, pid
"""
DRAIN_SQL: Final = """
    SELECT count(*) / 5.0 AS per_minute FROM outcomes
    WHERE kind = 'analysis' AND at > now() - interval '5 minutes'
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the database says at one moment."""

    tallies: dict[str, list[tuple[dict[str, str], float]]]
    queues: list[dict[str, Any]]
    workers: list[dict[str, Any]]
    drained_per_minute: float
    drift: dict[str, float]
    drift_clips: int


async def take_snapshot(connection: AsyncConnection, silent_s: float, drift: DriftWatch) -> Snapshot:
    """Read everything in one go; workers count that were heard of within `silent_s` seconds."""
    tallies: dict[str, list[tuple[dict[str, str], float]]] = {}
    for row in await _rows(connection, "SELECT name, labels, value FROM tallies ORDER BY name, labels"):
        tallies.setdefault(row["name"], []).append((json.loads(row["labels"]), row["value"]))
    drained = await _rows(connection, DRAIN_SQL)
    distances, clips = await drift.measure(connection)
    return Snapshot(
        tallies=tallies,
        queues=await _rows(connection, QUEUES_SQL),
        workers=await _rows(connection, WORKERS_SQL, silent_s),
        drained_per_minute=float(drained[0]["per_minute"]),
        drift=distances,
        drift_clips=clips,
    )


def render(snapshot: Snapshot, version: str, requests: CollectorRegistry) -> bytes:
    """The text of `/metrics`: what all processes share, and this process's own requests and memory."""
    shared = CollectorRegistry(auto_describe=False)
    shared.register(_Collected([*_counted(snapshot.tallies), *_present(snapshot, version)]))
    return generate_latest(shared) + generate_latest(requests)


class _Collected:
    """Families that are at hand, in the shape that a registry asks for."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _counted(tallies: Mapping[str, list[tuple[dict[str, str], float]]]) -> Iterator[Metric]:
    for name, (text, labels) in COUNTERS.items():
        counter = CounterMetricFamily(name, text, labels=labels)
        found = tallies.get(f"{name}_total", [])
        # One without labels starts at zero; of the others nobody knows beforehand which there will be.
        for given, value in found or ([({}, 0.0)] if not labels else []):
            counter.add_metric([given[label] for label in labels], value)
        yield counter
    for name, (text, label) in HISTOGRAMS.items():
        histogram = HistogramMetricFamily(name, text, labels=[label])
        sums = {given[label]: value for given, value in tallies.get(f"{name}_sum", [])}
        for which, total in sums.items():
            counts = {given["le"]: value for given, value in tallies[f"{name}_bucket"] if given[label] == which}
            histogram.add_metric([which], _cumulative(counts), total)
        yield histogram


def _cumulative(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    buckets, so_far = [], 0.0
    for bound in (*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"):
        so_far += counts.get(bound, 0.0)
        buckets.append((bound, so_far))
    return buckets


def _present(snapshot: Snapshot, version: str) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("vericlip_queue_jobs", "Jobs that wait or run.", labels=["queue", "state"])
    oldest = GaugeMetricFamily("vericlip_queue_oldest_seconds", "Age of the oldest job that waits.", labels=["queue"])
    # A queue that is empty is told as zero: an alert on its age would else see no data, which looks like health.
    empty = {"queue_name": "analyze", "waiting": 0, "running": 0, "oldest_s": 0.0}
    known = {row["queue_name"]: row for row in [empty, *snapshot.queues]}
    for queue, row in known.items():
        jobs.add_metric([queue, "waiting"], row["waiting"])
        jobs.add_metric([queue, "running"], row["running"])
        oldest.add_metric([queue], row["oldest_s"])
    yield from (jobs, oldest)
    yield _gauge("vericlip_drained_per_minute", "Analyses ended a minute, over 5 minutes.", snapshot.drained_per_minute)
    yield from _workers(snapshot.workers)
    build = GaugeMetricFamily("vericlip_build_info", "Version of the service.", labels=["version"])
    build.add_metric([version], 1)
    yield build
    psi = GaugeMetricFamily(
        "vericlip_drift_psi",
        "Population stability index of recent clips against the training distribution.",
        labels=["feature"],
    )
    for feature, distance in snapshot.drift.items():
        psi.add_metric([feature], distance)
    yield psi
    yield _gauge("vericlip_drift_clips", "Recent clips that the drift gauges look at.", snapshot.drift_clips)


def _workers(workers: list[dict[str, Any]]) -> Iterator[Metric]:
    memory = GaugeMetricFamily(
        "vericlip_worker_memory_bytes", "Memory of a worker and its children.", labels=["host", "pid", "device"]
    )
    models = GaugeMetricFamily("vericlip_model_info", "Model files that workers have loaded.", labels=["file", "model"])
    loaded = set()
    for worker in workers:
        memory.add_metric([worker["host"], str(worker["pid"]), worker["device"]], worker["memory_bytes"])
        loaded |= set(worker["versions"].items())
    for file, model in sorted(loaded):
        models.add_metric([file, model], 1)
    yield _gauge("vericlip_workers", "Workers that are ready and alive.", len(workers))
    yield from (memory, models)


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family


async def _rows(connection: AsyncConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql.encode(), values)
        return await cursor.fetchall()
