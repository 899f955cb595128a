"""`vericlip serve`."""

import asyncio
from pathlib import Path

import click


@click.command()
@click.option("--host", help="Address to bind to (VERICLIP_HOST; default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API (VERICLIP_PORT; default 8000).")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Media and database (VERICLIP_DATA_DIR; default data)."
)
@click.option("--workers", type=click.IntRange(0), help="Worker processes (VERICLIP_WORKERS; default 1).")
def serve(host: str | None, port: int | None, data_dir: Path | None, workers: int | None) -> None:
    """Run the HTTP API, its workers and, unless VERICLIP_DATABASE_URL is set, its own PostgreSQL.

    Stop it with Ctrl-C or SIGTERM: running clips are finished first. Every setting is an environment variable;
    service/settings.py lists them.

    \b
    Examples:
      vericlip serve
      vericlip serve --port 8080 --workers 4 --data-dir /var/lib/vericlip
      VERICLIP_DATABASE_URL=postgresql://user:password@db/vericlip vericlip serve --workers 0
    """
    import psycopg  # noqa: PLC0415

    from service import logs  # noqa: PLC0415
    from service.database.embedded import DatabaseUnavailableError, DataFolderInUseError  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415
    from service.supervisor import ServeError  # noqa: PLC0415
    from service.supervisor import serve as run  # noqa: PLC0415
    from service.telemetry import tracing  # noqa: PLC0415

    settings = Settings().replaced(host=host, port=port, data_dir=data_dir, workers=workers)
    logs.configure(settings.log_level, settings.log_format)
    try:
        tracing.configure(settings.otlp_endpoint, "api")
        asyncio.run(run(settings))
        tracing.flush()
    except (
        ServeError,
        DataFolderInUseError,
        DatabaseUnavailableError,
        tracing.TracingUnavailableError,
        psycopg.OperationalError,
    ) as error:
        raise click.ClickException(str(error)) from error
