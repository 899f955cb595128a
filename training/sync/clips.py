"""The clips that lips and voice are learnt from, paired exactly as the branch pairs them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from branches.media import MediaReader
from branches.sync import SyncBranch, SyncSpan
from branches.types import Media
from models.speech_encoder import SpeechEncoder, SpeechEncoderConfig
from training.clips import ClipRow
from training.media_cache import cached_media


@dataclass(frozen=True, slots=True, eq=False)
class TalkingClip:
    """One span of a clip in which a mouth moves and a voice is heard."""

    row: ClipRow
    span: SyncSpan

    @property
    def frames(self) -> int:
        """Length at 25 fps."""
        return len(self.span.grey)


def load_talking(rows: Iterable[ClipRow], cache: Path) -> list[TalkingClip]:
    """Read clips (through `cache`) and keep the longest span of each; those the branch abstains on are left out."""
    reader, branch = MediaReader(), _pairing()
    found = []
    for row in rows:
        media = cached_media(row.path, cache, reader)
        span = longest_span(media, branch) if media is not None else None
        if span is not None:
            found.append(TalkingClip(row, span))
    return found


def longest_span(media: Media, branch: SyncBranch) -> SyncSpan | None:
    """The longest that the branch would score; None where it abstains."""
    spans = branch.prepare(media)
    return max(spans, key=lambda span: len(span.grey)) if isinstance(spans, tuple) else None


def has_voice(rows: Sequence[ClipRow], *, label: str) -> list[ClipRow]:
    """Rows of one label whose sound was recorded with (or drove) the picture."""
    return [row for row in rows if row.label == label and row.audio in ("real", "unknown")]


def _pairing() -> SyncBranch:
    """Pairing needs no weights."""
    return SyncBranch(nn.Identity(), SpeechEncoder(SpeechEncoderConfig(layers=0)))
