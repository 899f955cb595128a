"""Made-up sets: entries without files."""

from pathlib import Path

from training.datasets.manifest import Entry


def entry(
    file: str, label: str = "real", method: str = "none", source: str = "", group: str = "", split: str = ""
) -> Entry:
    """An entry of a file in the working directory."""
    return Entry(Path(file), file, label, method, source, group or file, label, "unknown", split)


def people(count: int = 40) -> list[Entry]:
    """Two real clips and one fake of each person, fakes by two methods, people of four sources."""
    made = []
    for person in range(count):
        group, source = f"person-{person}", f"page-{person % 4}"
        made += [entry(f"{person}-{take}.mp4", "real", "none", source, group) for take in range(2)]
        made.append(entry(f"{person}-f.mp4", "fake", f"method-{person % 2}", source, group))
    return made
