"""ASVspoof 2019 logical access (Wang et al. 2020, arXiv 1911.01601)."""

from dataclasses import replace
from pathlib import Path

from training.datasets.layouts.tree import entry_of
from training.datasets.manifest import Entry


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
            entry = entry_of(root, path, key, system if forged else "none", f"{part}/{system if forged else speaker}")
            entries.append(replace(entry, source="ASVspoof2019-LA", split={"eval": "test"}.get(part, part)))
    return entries
