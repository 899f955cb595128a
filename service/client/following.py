"""Server-sent events, as the WHATWG's HTML standard has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.contract.schemas import AnalysisStatus


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: the state of the analysis then, and the id to resume after."""

    id: str
    name: str
    analysis: AnalysisStatus


def sse_fields(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each server-sent event, as the standard reads them; comments are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if not line and "data" in fields:
            yield fields
            fields = {}
        elif name:
            fields[name] = value.removeprefix(" ")
