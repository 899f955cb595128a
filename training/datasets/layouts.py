"""Readers of the layouts that published data sets come in: a folder to manifest entries."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from training.datasets.manifest import Entry

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".m4v", ".flv", ".ts"}
)
SPEECH_SUFFIXES: Final = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac"})

Reader = Callable[[Path], list[Entry]]


def read_layout(root: Path, layout: str = "auto") -> list[Entry]:
    """Entries of the data set under `root`, ordered by path; `auto` finds out which layout it is.

    Raises:
        ValueError: no such layout, none recognised, or no labelled files in it.
    """
    name = recognise(root) if layout == "auto" else layout
    if name not in LAYOUTS:
        raise ValueError(f"no layout {name!r}; there are {', '.join(LAYOUTS)}")
    entries = sorted(LAYOUTS[name](root), key=lambda entry: str(entry.path))
    if not entries:
        raise ValueError(f"{root} holds no labelled files in the layout {name!r}")
    return entries


def recognise(root: Path) -> str:
    """Name the layout of a folder by what only that layout has.

    Raises:
        ValueError: none is recognised.
    """
    for name, found in _MARKS.items():
        if found(root):
            return name
    raise ValueError(f"the layout of {root} is not recognised; name it with --layout ({', '.join(LAYOUTS)})")


def read_folders(root: Path) -> list[Entry]:
    """`real/` and `fake/` (or `bonafide/` and `spoof/`); inside, a folder names a fake's method or a real's group.

    Files whose names differ only by what follows a double underscore are one group: `anna__wav2lip.mp4`, `anna__2.mp4`.
    """
    entries = []
    for label in ("real", "fake", "bonafide", "spoof"):
        for path in _files(root / label, VIDEO_SUFFIXES | SPEECH_SUFFIXES):
            inner = path.relative_to(root / label).parts[:-1]
            forged = label in ("fake", "spoof")
            method = (inner[0] if inner else "unnamed") if forged else "none"
            group = inner[0] if inner and not forged else path.stem.partition("__")[0]
            entries.append(_entry(root, path, label, method, group))
    return entries


def read_dfdc(root: Path) -> list[Entry]:
    """Deepfake Detection Challenge: every `metadata.json` says `{file: {label: REAL|FAKE, original}}`.

    A fake is of one group with the clip that it was made from. The set does not name its methods.
    """
    entries = []
    for table in sorted(root.rglob("metadata.json")):
        for name, said in json.loads(table.read_text(encoding="utf-8")).items():
            forged = said["label"].upper() == "FAKE"
            group = Path(said.get("original") or name).stem if forged else Path(name).stem
            entry = _entry(root, table.parent / name, _fake(forged), "dfdc" if forged else "none", group)
            entries.append(_with(entry, split=_known_split(said.get("split", ""))))
    return entries


def read_faceforensics(root: Path) -> list[Entry]:
    """FaceForensics++: `original_sequences/<set>/<compression>/videos`, `manipulated_sequences/<method>/...`.

    A manipulated clip `target_source.mp4` is of one group with both originals: all that are linked become one group.
    The official split lists (`splits/train.json` and so on, pairs of numbers) are used where they lie beside.
    """
    found: list[tuple[Path, str, str, list[str]]] = []
    for path in _files(root / "original_sequences", VIDEO_SUFFIXES):
        kind = path.relative_to(root / "original_sequences").parts[0]
        found.append((path, "real", "none", [_ff_person(kind, path.stem)]))
    for path in _files(root / "manipulated_sequences", VIDEO_SUFFIXES):
        method = path.relative_to(root / "manipulated_sequences").parts[0]
        kind = "actors" if method == "DeepFakeDetection" else "youtube"
        people = path.stem.split("__")[0].split("_")[:2]
        found.append((path, "fake", method, [_ff_person(kind, person) for person in people]))
    splits = _ff_splits(root)
    group_of = _linked(people for _, _, _, people in found)
    return [
        _with(_entry(root, path, label, method, group_of[people[0]]), split=splits.get(people[0].partition("/")[2], ""))
        for path, label, method, people in found
    ]


def read_celeb_df(root: Path) -> list[Entry]:
    """Celeb-DF v1 and v2: `Celeb-real`, `YouTube-real`, `Celeb-synthesis`; the official test list where it is there.

    `id0_id1_0003.mp4` carries the face of id1 on a clip of id0. Whoever is linked by a swap would be one group, and
    that is nearly everybody: as is usual, the group is the person whose clip it is.
    """
    test = _celeb_test(root / "List_of_testing_videos.txt")
    entries = []
    for folder, label in (("Celeb-real", "real"), ("YouTube-real", "real"), ("Celeb-synthesis", "fake")):
        method = "Celeb-DF" if label == "fake" else "none"
        for path in _files(root / folder, VIDEO_SUFFIXES):
            person = path.stem.split("_")[0] if folder != "YouTube-real" else f"youtube-{path.stem}"
            split = "test" if f"{folder}/{path.name}" in test else "train" if test else ""
            entries.append(_with(_entry(root, path, label, method, person), source=folder, split=split))
    return entries


def read_fakeavceleb(root: Path) -> list[Entry]:
    """FakeAVCeleb: `RealVideo-RealAudio`, `RealVideo-FakeAudio`, `FakeVideo-RealAudio`, `FakeVideo-FakeAudio`.

    Below them lie race, gender and person (`id00076`). `meta_data.csv`, where it is there, names the methods.
    """
    methods = _fakeav_methods(root / "meta_data.csv")
    entries = []
    for folder in sorted(root.glob("*Video-*Audio")):
        video, audio = ("fake" if part.startswith("Fake") else "real" for part in folder.name.split("-"))
        for path in _files(folder, VIDEO_SUFFIXES):
            person = next((part for part in path.relative_to(root).parts if part.startswith("id")), path.stem)
            forged = "fake" in (video, audio)
            method = methods.get(path.name, folder.name) if forged else "none"
            entry = _entry(root, path, _fake(forged), method, person)
            entries.append(_with(entry, video_label=video, audio="synthetic" if audio == "fake" else "real"))
    return entries


def read_asvspoof(root: Path) -> list[Entry]:
    """ASVspoof 2019 LA: protocol files of `speaker utterance - system key`, flac under `ASVspoof2019_LA_<part>/flac`.

    Utterances that a protocol lists and that are not there are listed all the same: `vericlip data check` tells.
    """
    entries = []
    for protocol in sorted(root.rglob("ASVspoof2019.LA.cm.*.tr*.txt")):
        part = protocol.name.split(".")[3]
        folder = root / f"ASVspoof2019_LA_{part}" / "flac"
        for line in protocol.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if len(words) != 5:
                continue
            speaker, name, _, system, key = words
            forged = key == "spoof"
            path = folder / f"{name}.flac"
            entry = _entry(root, path, key, system if forged else "none", f"{part}/{system if forged else speaker}")
            entries.append(_with(entry, source="ASVspoof2019-LA", split={"eval": "test"}.get(part, part)))
    return entries


LAYOUTS: Final[Mapping[str, Reader]] = {
    "folders": read_folders,
    "dfdc": read_dfdc,
    "faceforensics": read_faceforensics,
    "celebdf": read_celeb_df,
    "fakeavceleb": read_fakeavceleb,
    "asvspoof": read_asvspoof,
}
"""Layout name to its reader."""

_MARKS: Final[Mapping[str, Callable[[Path], bool]]] = {
    "faceforensics": lambda root: (root / "manipulated_sequences").is_dir() or (root / "original_sequences").is_dir(),
    "celebdf": lambda root: (root / "Celeb-synthesis").is_dir() or (root / "Celeb-real").is_dir(),
    "fakeavceleb": lambda root: any(root.glob("*Video-*Audio")),
    "asvspoof": lambda root: any(root.rglob("ASVspoof2019.LA.cm.*.txt")),
    "dfdc": lambda root: any(root.rglob("metadata.json")),
    "folders": lambda root: any((root / label).is_dir() for label in ("real", "fake", "bonafide", "spoof")),
}


def _files(folder: Path, suffixes: Iterable[str]) -> Iterator[Path]:
    if folder.is_dir():
        wanted = frozenset(suffixes)
        yield from (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in wanted and not p.name.startswith("."))


def _entry(root: Path, path: Path, label: str, method: str, group: str) -> Entry:
    audio = "unknown"
    file = path.relative_to(root).as_posix()
    return Entry(path, file, label, method, root.resolve().name, group, label, audio)


def _with(entry: Entry, **changed: Any) -> Entry:
    return replace(entry, **changed)


def _fake(forged: bool) -> str:
    return "fake" if forged else "real"


def _known_split(split: str) -> str:
    return split if split in ("train", "dev", "test") else ""


def _ff_person(kind: str, name: str) -> str:
    return f"{kind}/{name.partition('__')[0]}"


def _ff_splits(root: Path) -> dict[str, str]:
    found = {}
    for file, split in (("train", "train"), ("val", "dev"), ("test", "test")):
        path = root / "splits" / f"{file}.json"
        if path.exists():
            found |= {str(name): split for pair in json.loads(path.read_text(encoding="utf-8")) for name in pair}
    return found


def _linked(links: Iterable[list[str]]) -> dict[str, str]:
    """Every name to the first name of the set that it is linked to, directly or through others."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for names in links:
        first = top(names[0])
        for other in names[1:]:
            low, high = sorted((first, top(other)))
            parent[high] = low
            first = low
    return {name: top(name) for name in parent}


def _celeb_test(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {line.split()[1] for line in path.read_text(encoding="utf-8").splitlines() if len(line.split()) == 2}


def _fakeav_methods(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["path"]: row["method"] for row in rows if row.get("path") and row.get("method")}
