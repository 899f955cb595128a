"""What was measured of the networks and heads in use, in sentences, from the manifest's own numbers."""

from typing import Any, Final

from service.contract.manifest import ModelEntry
from service.report.figures import plain_number

CHANCE_UNTIL: Final = 0.6
WEAK_UNTIL: Final = 0.75
MOST_SENTENCES: Final = 5

Value = float | list[float]


def sentences_of(entry: ModelEntry) -> list[str]:
    """The figures that matter to a reader, and what the file was made from, which may say how far they carry."""
    found: list[str] = []
    for metrics in (entry.metrics, entry.metrics.get("held_out", {})):
        if isinstance(metrics, dict):
            found += _told(metrics)
    data = entry.provenance.get("data")
    made = [f"made from {data}"] if isinstance(data, str) else []
    return list(dict.fromkeys(found))[:MOST_SENTENCES] + made


def honest_limit(entry: ModelEntry | None) -> str | None:
    """How far the head in use can be trusted, in one sentence."""
    value = _number(entry.metrics, "matched_auc") if entry is not None else None
    if entry is None or value is None:
        return None
    clips = _number(entry.metrics, "clips")
    on = f"{plain_number(clips)} held-out clips" if clips is not None else "held-out clips"
    worth = "hardly better than chance" if value < CHANCE_UNTIL else "better than chance but often wrong"
    if value >= WEAK_UNTIL:
        worth = "right more often than not, and not always"
    return (
        f"Measured on {on} of pages that no network had seen, within pages of like picture quality, this release tells "
        f"fake from real with an AUC of {plain_number(value)}, where 0.5 is chance and 1 perfect: {worth}."
    )


def _told(metrics: dict[str, Any]) -> list[str]:
    phrases = {
        "clips": "measured on {} clips",
        "matched_auc": "AUC within pages of like quality {}",
        "auc": "AUC {}",
        "eer": "equal error rate {}",
        "auc_shift_4": "AUC for a shift of 4 frames {}",
        "auc_foreign_speech": "AUC for another's speech {}",
        "balanced_brier": "Brier score {}",
        "balanced_ece": "calibration error {}",
    }
    told = [phrase.format(_written(metrics[name])) for name, phrase in phrases.items() if _is_value(metrics.get(name))]
    if isinstance(metrics.get("exit"), dict):
        told += _exit_told(metrics["exit"])
    return told


def _exit_told(exit_rule: dict[str, Any]) -> list[str]:
    out, fakes, bound = (_number(exit_rule, name) for name in ("fakes_out", "fakes", "fakes_out_bound_95"))
    if out is None or fakes is None or bound is None:
        return []
    counted = f"{plain_number(out)} of {plain_number(fakes)} fakes left early"
    return [f"{counted} (at most {100 * bound:.1f} % with 95 % confidence)"]


def _written(value: Value) -> str:
    """A number, or one with its interval: `0.762 (0.684 to 0.837)`."""
    if isinstance(value, list):
        middle, *interval = (plain_number(part) for part in value)
        return f"{middle} ({' to '.join(interval)})" if len(interval) == 2 else middle
    return plain_number(value)


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, (int, float)) for part in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(metrics: dict[str, Any], name: str) -> float | None:
    value = metrics.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
