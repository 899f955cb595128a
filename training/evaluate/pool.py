"""Scorers in processes of their own: several at a time, and a file that kills one harms no other."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context
from queue import SimpleQueue
from typing import Final

import torch

from training.evaluate.scoring import Outcome, Scorer, ScorerPlan, Skipped, Task

ATTEMPTS: Final = 2


def score_all(tasks: Sequence[Task], plan: ScorerPlan, jobs: int) -> Iterator[Outcome]:
    """Score tasks in `jobs` processes, each with one thread as a worker has; gives outcomes as they come.

    Raises:
        models.store.ArtefactError: the networks cannot be loaded.
    """
    idle: SimpleQueue[IsolatedScorer] = SimpleQueue()
    scorers = [IsolatedScorer(plan) for _ in range(min(jobs, max(len(tasks), 1)))]
    for scorer in scorers:
        idle.put(scorer)
    threads = ThreadPoolExecutor(len(scorers))
    try:
        futures = [threads.submit(_score_with_idle, idle, task) for task in tasks]
        for done in as_completed(futures):
            yield done.result()
    finally:
        threads.shutdown(cancel_futures=True)
        for scorer in scorers:
            scorer.close()


class IsolatedScorer:
    """A scorer in one process, which is started when it is first needed and again after it died."""

    def __init__(self, plan: ScorerPlan) -> None:
        self._plan = plan
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, task: Task) -> Outcome:
        """Score a task; if two processes die of it, say so. One may have died for want of memory."""
        for _ in range(ATTEMPTS):
            if self._pool is None:
                # Spawned, not forked: a fork of a process with threads may hang.
                self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            try:
                future: Future[Outcome] = self._pool.submit(_score, self._plan, task)
                return future.result()
            except BrokenProcessPool:
                self.close()
        return Skipped(task, "crashed", "The process that analysed this file died of it, and so did a second one.")

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _score_with_idle(idle: "SimpleQueue[IsolatedScorer]", task: Task) -> Outcome:
    scorer = idle.get()
    try:
        return scorer(task)
    finally:
        idle.put(scorer)


@cache
def _scorer(plan: ScorerPlan) -> Scorer:
    # As a worker does: another count of threads rounds differently.
    torch.set_num_threads(1)
    return plan.build()


def _score(plan: ScorerPlan, task: Task) -> Outcome:
    return _scorer(plan)(task)
