"""Every setting of the service, read from `VERICLIP_*` environment variables: the one place that documents them."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.contract.queues import QUEUES
from service.inference.options import ChildLimits, InferenceOptions

PREFIX = "VERICLIP_"


class Settings(BaseSettings):
    """Read once by a command and handed down; nothing below a command reads the environment.

    `data_dir` becomes `VERICLIP_DATA_DIR`, and so on for every field.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True)

    data_dir: Path = Path("data")
    """Folder of the media store and of the embedded PostgreSQL."""

    media_url: str | None = None
    """Where clips are kept, if not in the data folder: `file:///srv/clips` or `s3://bucket/prefix`.

    Every process of one service names the same. Credentials and endpoint of S3 come from the usual AWS_* variables.
    """

    host: str = "127.0.0.1"
    """Address that the API binds to: loopback, unless you say otherwise."""

    port: int = Field(default=8000, ge=0, le=65535)
    """TCP port of the API."""

    database_url: SecretStr | None = None
    """A PostgreSQL database of its own, postgresql://user:password@host/name, instead of the embedded server."""

    require_keys: bool = False
    """Whether requests need an API key on loopback too; beyond loopback they always do."""

    workers: int = Field(default=1, ge=0)
    """Worker processes that `vericlip serve` keeps running; 0 where workers run elsewhere."""

    queues: str = Field(default=",".join(QUEUES), pattern=rf"^({'|'.join(QUEUES)})(,({'|'.join(QUEUES)}))*$")
    """Queues that workers take from: `analyze` (uploads), `scan` (uploads with scan=full), `audit` (gate audits)."""

    device: str = Field(default="cpu", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where the networks run: `cpu`, `cuda`, `cuda:1`, or `auto` for a GPU where there is one."""

    audit_share: float = Field(default=0.02, ge=0, le=1)
    """Share of early exits that are rerun through the full path in the background, to count the gate's errors."""

    threads: int = Field(default=1, ge=0)
    """CPU threads of each worker; 0 shares the cores out between the workers, for the quickest answer about one clip.

    Another count rounds differently: probabilities then agree to about 1e-4, not to the last digit.
    """

    max_upload_bytes: int = Field(default=200_000_000, ge=1)
    """Largest clip that is accepted, in bytes."""

    cors_origins: str = ""
    """Origins, separated by commas, whose pages may call the API from a browser; none unless set."""

    upload_idle_s: float = Field(default=20.0, gt=0)
    """Longest pause within an upload, in seconds; past that it ends as `too_slow`."""

    upload_bytes_per_s: int = Field(default=4_000, ge=1)
    """Slowest upload that is accepted, on average after the first half minute, in bytes a second."""

    max_connections: int = Field(default=1_000, ge=1)
    """HTTP connections of one API process at a time; past that, requests are answered with 503."""

    max_held: int = Field(default=100, ge=1)
    """Streams of events and waits (`Prefer: wait`) that one API process holds open for the analyses of one key."""

    max_batch: int = Field(default=20, ge=1)
    """Clips that one batch may hold."""

    max_batch_bytes: int = Field(default=1_000_000_000, ge=1)
    """Largest batch that is accepted, in bytes."""

    min_free_bytes: int = Field(default=500_000_000, ge=0)
    """Free space below which uploads are refused with `insufficient_storage`, in bytes."""

    max_queue: int = Field(default=200, ge=1)
    """Clips that may wait; past that, new ones are refused with `queue_full`."""

    max_attempts: int = Field(default=2, ge=1)
    """Inference processes that may die under a clip before its analysis ends as `worker_crashed`."""

    analysis_timeout_s: float = Field(default=600.0, gt=0)
    """Longest that one analysis may take, in seconds; past that it ends as `analysis_timeout`."""

    max_wait_s: int = Field(default=60, ge=0)
    """Longest that an answer is held back for `Prefer: wait`, in seconds."""

    heartbeat_events_s: float = Field(default=10.0, gt=0)
    """Seconds of silence after which a stream of events says that it is still there."""

    reuse: bool = True
    """Whether an upload of bytes that the same key sent before is answered by that analysis (unless `fresh=true`)."""

    webhook_secret: SecretStr | None = None
    """Signs webhooks; any text, or `whsec_` and base64. Until it is set, `callback_url` is refused."""

    webhook_allowed_networks: str = ""
    """Networks such as 10.0.0.0/8, separated by commas, that webhooks may reach although they are not public."""

    webhook_max_attempts: int = Field(default=7, ge=1)
    """Times that a webhook is tried."""

    webhook_pause_s: float = Field(default=10.0, ge=0)
    """Seconds before a webhook's second try; each later pause is four times as long."""

    analysis_memory_bytes: int = Field(default=6 * 2**30, ge=2**30)
    """Memory that one inference process may write to, in bytes; a clip that needs more ends as `worker_crashed`."""

    gate_audio_guard: bool = True
    """Whether a clip with sound may take the early exit only if its voice, too, is heard as real."""

    inconclusive_band: float = Field(default=0.1, ge=0, le=0.5)
    """Verdicts whose probability lies this close to one half are marked inconclusive."""

    retention_days: float = Field(default=30.0, ge=0)
    """Days after which finished analyses and their media are deleted; 0 keeps them."""

    heartbeat_s: float = Field(default=1.0, gt=0)
    """Seconds between two signs of life of a worker, and between two looks for dead ones."""

    stalled_after_s: float = Field(default=5.0, gt=0)
    """Silence after which a worker counts as dead and its clip goes to another, in seconds."""

    shutdown_grace_s: float = Field(default=20.0, ge=0)
    """Time that running clips get to finish on shutdown, in seconds; then they go back into the queue."""

    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")
    """DEBUG, INFO, WARNING or ERROR."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """`json`, one object a line; `text`; or `auto`: text on a terminal and JSON elsewhere."""

    otlp_endpoint: str | None = None
    """Where OpenTelemetry traces go (OTLP over HTTP), such as http://localhost:4318; unset: nowhere."""

    @property
    def allowed_origins(self) -> list[str]:
        """The origins of `cors_origins`, one by one."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @property
    def keys_required(self) -> bool:
        """Whether every request must carry an API key."""
        return self.require_keys or not _is_loopback(self.host)

    @property
    def media_dir(self) -> Path:
        """Where uploaded clips lie, unless `media_url` says otherwise."""
        return self.data_dir.absolute() / "media"

    @property
    def media_location(self) -> str | Path:
        """URL or folder of the media store."""
        return self.media_url or self.media_dir

    @property
    def scratch_dir(self) -> Path:
        """This machine's private copies of clips that lie elsewhere."""
        return self.data_dir.absolute() / "scratch"

    @property
    def postgres_dir(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.data_dir.absolute() / "postgres"

    def inference(self, processes: int, timeout_s: float | None = None) -> InferenceOptions:
        """How each of `processes` inference processes on this machine works under these settings."""
        return InferenceOptions(
            threads=self.threads or max(1, (os.cpu_count() or 1) // max(1, processes)),
            timeout_s=timeout_s or self.analysis_timeout_s,
            gate_audio_guard=self.gate_audio_guard,
            inconclusive_band=self.inconclusive_band,
            log_level=self.log_level,
            log_format=self.log_format,
            device=self.device,
            limits=ChildLimits(memory_bytes=self.analysis_memory_bytes),
        )

    def replaced(self, **changes: object) -> Self:
        """A validated copy in which every change that is not None is applied."""
        given = {name: value for name, value in changes.items() if value is not None}
        return type(self).model_validate(self.model_dump() | given)

    def as_environment(self) -> dict[str, str]:
        """The variables that make a child process read the same settings."""
        values = {name: value for name, value in self.model_dump().items() if value is not None}
        plain = {n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in values.items()}
        return {PREFIX + name.upper(): value for name, value in plain.items()}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
