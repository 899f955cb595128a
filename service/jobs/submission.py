"""How a received clip becomes an analysis, or is answered by one that there is already.

All of it happens in one transaction and one after the other; the unique indexes on idempotency keys and on
`analyses.reuse_key` hold even against a process that does not keep to that order.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from service.contract.problems import ProblemError
from service.contract.queues import ANALYZE, SCAN
from service.jobs.engine import Jobs
from service.media.storage import Stored

SUBMIT_LOCK: Final = 0x76657269_73756274
"""Advisory lock under which the queue is counted and added to ("verisubt" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for besides the clip.

    `scan`: "windows" or "full"; `priority`: "normal" or "low"; `fresh`: never answer with an earlier analysis;
    `idempotency_key`: a repeated request with the same one gets the same analysis.
    """

    scan: str = "windows"
    priority: str = "normal"
    callback_url: str | None = None
    fresh: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A received clip and the name that its sender gave it; `fields` are the other, small fields of the form."""

    stored: Stored
    filename: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """A clip that is durable in the store as `analysis_id`, who sent it, and what is asked for.

    `model_version` is the one that is expected to answer; None keeps the answer from being used again.
    """

    analysis_id: UUID
    upload: Upload
    key_id: str | None = None
    order: Order = Order()
    model_version: str | None = None

    @property
    def owner(self) -> str:
        """The API key that sent it; empty for the anonymous local user, whom no key can name."""
        return self.key_id or ""

    @property
    def reuse_key(self) -> str | None:
        """The same for every upload that the same verdict answers: owner, bytes, options and model version."""
        if self.model_version is None:
            return None
        parts = [self.owner, self.upload.stored.sha256, self.order.scan, self.model_version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The analysis that answers a submission; if it is not `new`, the clip just received is not needed.

    `reused` tells an analysis of an earlier upload from one of the same request, sent again.
    """

    analysis_id: UUID
    new: bool
    reused: bool = False


async def repeated(connection: AsyncConnection, submission: Submission) -> UUID | None:
    """The analysis that a request with the same Idempotency-Key got, if there was one.

    Raises:
        ProblemError: `idempotency_conflict`, where that request sent other bytes.
    """
    key = submission.order.idempotency_key
    if key is None:
        return None
    query = "SELECT sha256, analysis_id FROM idempotency_keys WHERE owner = %s AND key = %s"
    row = await (await connection.execute(query, (submission.owner, key))).fetchone()
    if row is None:
        return None
    if row[0] != submission.upload.stored.sha256:
        detail = "This Idempotency-Key came with another clip before; use a new key for each new clip."
        raise ProblemError("idempotency_conflict", detail)
    found: UUID = row[1]
    return found


async def reusable(connection: AsyncConnection, submission: Submission) -> UUID | None:
    """The owner's analysis of the same bytes by the same models, running or complete, unless a fresh one is asked."""
    if submission.order.fresh or submission.reuse_key is None:
        return None
    query = "SELECT id FROM analyses WHERE reuse_key = %s AND status IN ('processing', 'complete')"
    row = await (await connection.execute(query, (submission.reuse_key,))).fetchone()
    return None if row is None else row[0]


async def insert(connection: AsyncConnection, jobs: Jobs, submission: Submission) -> None:
    """Write a new analysis and queue its job; from now on, it is the one that is used again."""
    order, stored = submission.order, submission.upload.stored
    await connection.execute(
        "UPDATE analyses SET reuse_key = NULL WHERE reuse_key = %s AND status IN ('processing', 'complete')",
        (submission.reuse_key,),
    )
    queue = SCAN if order.scan == "full" else ANALYZE
    job_id = await jobs.defer(connection, submission.analysis_id, queue=queue, priority=order.priority)
    await connection.execute(
        "INSERT INTO analyses (id, key_id, sha256, size_bytes, filename, scan, model_version, reuse_key, job_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            submission.analysis_id,
            submission.key_id,
            stored.sha256,
            stored.size_bytes,
            submission.upload.filename,
            order.scan,
            submission.model_version,
            submission.reuse_key,
            job_id,
        ),
    )


async def remember(connection: AsyncConnection, submission: Submission, analysis_id: UUID) -> None:
    """Write down which request this analysis answers, and whom to call when it has ended.

    A call that was made already, for an earlier upload of the same clip, is made again.
    """
    order = submission.order
    if order.idempotency_key is not None:
        await connection.execute(
            "INSERT INTO idempotency_keys (owner, key, sha256, analysis_id) VALUES (%s, %s, %s, %s)",
            (submission.owner, order.idempotency_key, submission.upload.stored.sha256, analysis_id),
        )
    if order.callback_url is not None:
        await connection.execute(
            "INSERT INTO webhooks (analysis_id, url) VALUES (%s, %s) ON CONFLICT (analysis_id, url) DO UPDATE "
            "SET job_id = NULL, attempts = 0, outcome = NULL, ended_at = NULL WHERE webhooks.ended_at IS NOT NULL",
            (analysis_id, order.callback_url),
        )
