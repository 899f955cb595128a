"""`vericlip worker`."""

import asyncio
import sys

import click

from service.contract.queues import QUEUES


def _known_queues(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not set(value.split(",")) <= set(QUEUES):
        raise click.BadParameter(f"name some of {', '.join(QUEUES)}, with commas between them")
    return value


@click.command()
@click.option(
    "--queues",
    callback=_known_queues,
    help="What to work on, of analyze, scan and audit (VERICLIP_QUEUES; default analyze,scan,audit).",
)
@click.option("--device", help="Where the networks run: cpu, cuda, cuda:1, auto (VERICLIP_DEVICE; default cpu).")
@click.option("--supervised", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(queues: str | None, device: str | None, supervised: bool) -> None:
    """Run one more worker beside a running service, on this or another machine.

    It needs the service's database (VERICLIP_DATABASE_URL, or the same VERICLIP_DATA_DIR on the same machine) and
    its media store (VERICLIP_MEDIA_URL, or the same VERICLIP_DATA_DIR). docs/SCALING.md tells how many to run.

    \b
    Examples:
      vericlip worker
      vericlip worker --queues scan,analyze --device cuda
      VERICLIP_DATABASE_URL=postgresql://user:password@db/vericlip VERICLIP_MEDIA_URL=s3://clips vericlip worker
    """
    import psycopg  # noqa: PLC0415

    from service import logs  # noqa: PLC0415
    from service.database.embedded import DatabaseUnavailableError  # noqa: PLC0415
    from service.database.migrations import migrate  # noqa: PLC0415
    from service.database.pool import conninfo_of  # noqa: PLC0415
    from service.inference.process import InferenceCrashedError, ModelsUnavailableError  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415
    from service.telemetry import tracing  # noqa: PLC0415
    from service.telemetry.tracing import TracingUnavailableError  # noqa: PLC0415
    from service.workers.worker import run  # noqa: PLC0415

    settings = Settings().replaced(queues=queues, device=device)
    logs.configure(settings.log_level, settings.log_format)
    tracing.configure(settings.otlp_endpoint, "worker")
    try:
        conninfo = conninfo_of(settings)
        asyncio.run(migrate(conninfo))
        asked_to_stop = asyncio.run(run(settings, conninfo, supervised))
        tracing.flush()
    except (
        DatabaseUnavailableError,
        ModelsUnavailableError,
        InferenceCrashedError,
        TracingUnavailableError,
        psycopg.OperationalError,
    ) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if asked_to_stop else 1)
