"""`vericlip keys`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from service.access.keys import ApiKey, Keys

Answer = TypeVar("Answer")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    Keys are required as soon as the service binds beyond loopback, or with VERICLIP_REQUIRE_KEYS=true. The command
    works beside a running service (VERICLIP_DATABASE_URL, or the same VERICLIP_DATA_DIR) and without one.

    \b
    Examples:
      vericlip keys create --label newsroom --scope analyze --scope read
      vericlip keys list
      vericlip keys revoke 1f0c2a9b7d3e
    """


@keys.command()
@click.option("--label", required=True, help="For whom or what it is.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(("analyze", "read", "metrics", "admin")),
    default=("analyze", "read"),
    show_default=True,
    help="What it may do; may be given several times.",
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Requests/s.")
@click.option("--burst", type=click.IntRange(1), default=100, show_default=True, help="Requests at once.")
@click.option("--daily-clips", type=click.IntRange(0), default=1_000, show_default=True, help="0: no limit.")
@click.option("--daily-bytes", type=click.IntRange(0), default=20_000_000_000, show_default=True, help="0: no limit.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def create(
    label: str, scopes: tuple[str, ...], rate: float, burst: int, daily_clips: int, daily_bytes: int, as_json: bool
) -> None:
    """Make a key and show it, this once.

    The key itself goes to standard output, everything else to standard error.
    """
    from service.access.keys import Grant  # noqa: PLC0415

    grant = Grant(label, frozenset(scopes), rate, burst, daily_clips or None, daily_bytes or None)
    key_id, token = _run(lambda store: store.create(grant))
    if as_json:
        click.echo(json.dumps({"id": key_id, "key": token, "label": label, "scopes": sorted(grant.scopes)}))
        return
    click.echo(f"Key {key_id} for {label}. It is shown this once; send it as `Authorization: Bearer …`.", err=True)
    click.echo(token)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_(as_json: bool) -> None:
    """Show all keys, without their secrets."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    found = _run(lambda store: store.list())
    if as_json:
        for key in found:
            click.echo(json.dumps(asdict(key), default=lambda moment: moment.isoformat(), ensure_ascii=False))
        return
    table = Table(Column("Key", no_wrap=True), "Label", "Scopes", "Rate", "A day", "Last used", "State")
    for key in found:
        table.add_row(*(Text(cell) for cell in _cells(key)))
    Console().print(table)


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key; its next request is refused."""
    if not _run(lambda store: store.revoke(key_id)):
        raise click.ClickException(f"there is no working key {key_id}; `vericlip keys list` shows them")
    click.echo(f"Key {key_id} is revoked.", err=True)


def _cells(key: "ApiKey") -> tuple[str, ...]:
    clips = "any number of clips" if key.daily_clips is None else f"{key.daily_clips:,} clips"
    size = "any size" if key.daily_bytes is None else f"{key.daily_bytes / 1e6:,.0f} MB"
    used = "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}"
    state = "works" if key.revoked_at is None else f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    rate = f"{key.rate_per_s:g}/s, {key.rate_burst} at once"
    return key.id, key.label, ", ".join(key.scopes), rate, f"{clips}, {size}", used, state


def _run(work: Callable[["Keys"], Awaitable[Answer]]) -> Answer:
    """Do something with the keys of the service that the settings name."""
    import psycopg  # noqa: PLC0415

    from service.access.keys import Keys  # noqa: PLC0415
    from service.database.embedded import DatabaseUnavailableError, DataFolderInUseError  # noqa: PLC0415
    from service.database.pool import opened  # noqa: PLC0415
    from service.settings import Settings  # noqa: PLC0415

    async def run() -> Answer:
        async with opened(Settings()) as pool:
            return await work(Keys(pool))

    try:
        return asyncio.run(run())
    except (DatabaseUnavailableError, DataFolderInUseError, psycopg.OperationalError) as error:
        raise click.ClickException(str(error)) from error
