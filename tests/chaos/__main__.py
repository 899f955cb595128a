"""A storm of any size: `python -m tests.chaos --jobs 200 --workers 2 --strikes 5`."""

import tempfile
from pathlib import Path

import click

from tests.chaos.storm import VICTIMS, Storm


@click.command()
@click.option("--jobs", default=200, show_default=True, help="Clips that are sent.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--strikes", default=5, show_default=True, help="Times that each kind of process is killed.")
@click.option("--seed", default=0, show_default=True, help="Of what is sent and who is killed.")
def main(jobs: int, workers: int, strikes: int, seed: int) -> None:
    """Kill processes of a service while it works, and print how every clip ended and how long recovery took."""
    with tempfile.TemporaryDirectory(prefix="vericlip-") as folder, Storm(Path(folder), workers, seed) as storm:
        account = storm.run(jobs, list(VICTIMS) * strikes)
        storm.wait_until_idle()
        print(account)
        print(f"noted by the database: {storm.notes()}")


if __name__ == "__main__":
    main()
