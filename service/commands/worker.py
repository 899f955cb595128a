"""`vericlip worker`."""

import asyncio
import sys

import click


@click.command()
@click.option("--supervised", is_flag=True, hidden=True, help="Stop when standard input ends.")
def worker(supervised: bool) -> None:
    """Run one more worker beside a running service, on this or another machine.

    It needs the service's database (VERICLIP_DATABASE_URL, or the same VERICLIP_DATA_DIR on the same machine) and
    the folder that holds the clips (VERICLIP_DATA_DIR).

    \b
    Examples:
      vericlip worker
      VERICLIP_DATABASE_URL=postgresql://user:password@db/vericlip VERICLIP_DATA_DIR=/mnt/vericlip vericlip worker
    """
    import psycopg  # noqa: PLC0415

    from service import logs  # noqa: PLC0415
    from service.database import conninfo_of  # noqa: PLC0415
    from service.embedded import DatabaseUnavailableError  # noqa: PLC0415
    from service.inference import InferenceCrashedError, ModelsUnavailableError  # noqa: PLC0415
    from service.migrations import migrate  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415
    from service.worker import run  # noqa: PLC0415

    settings = Settings()
    logs.configure(settings.log_level)
    try:
        conninfo = conninfo_of(settings)
        asyncio.run(migrate(conninfo))
        asked_to_stop = asyncio.run(run(settings, conninfo, supervised))
    except (DatabaseUnavailableError, ModelsUnavailableError, InferenceCrashedError, psycopg.OperationalError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if asked_to_stop else 1)
