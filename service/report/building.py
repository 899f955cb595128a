"""Put a report together out of an analysis's row, its result, its artefacts and the manifest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service.contract.manifest import ModelEntry
from service.contract.schemas import BranchReport, Result
from service.evidence.artefact import Artefact
from service.jobs.analyses import Analysis
from service.report import document as doc
from service.report.figures import percent, plain_number, visible
from service.report.measured import honest_limit, sentences_of
from service.report.reproducing import command_lines
from service.report.words import BRANCH_LOOKS, BRANCH_TITLES, FEATURE_LABELS, LIMITS, SAMPLED

BRANCH_OF_PREFIX = {"tiny": "gate", "visual": "visual", "audio": "audio", "temporal": "temporal", "sync": "sync"}
PICTURES_OF = {"gate": ("heatmap", "heatmap-face"), "audio": ("spectrogram",)}
NOT_FILES = ("head", "exit_threshold")
"""Entries of a result's `versions` that name no weight file."""

HEAD_ENDING = ".joblib"
EXIT_HEAD = "clip_fusion_logreg_gate.joblib"


@dataclass(frozen=True, slots=True)
class Materials:
    """What a report is made of: a complete analysis, its artefacts, the manifest, and the service's version."""

    analysis: Analysis
    artefacts: Sequence[Artefact]
    models: Sequence[ModelEntry]
    service_version: str


def build_report(materials: Materials, written_at: datetime | None = None) -> doc.Report:
    """Everything there is to say about a complete analysis."""
    result = Result.model_validate(materials.analysis.result)
    manifest = {entry.file: entry for entry in materials.models}
    pictures = [_picture(artefact, materials.analysis) for artefact in materials.artefacts]
    waterfall = _waterfall(result)
    head = result.versions.get("head", "none")
    return doc.Report(
        title="Deepfake analysis report",
        written_at=written_at or datetime.now(UTC),
        service_version=materials.service_version,
        source=_source(materials.analysis),
        clip=result.clip,
        conclusion=_conclusion(result),
        waterfall=waterfall,
        branches=[_branch(branch, waterfall, pictures, materials.artefacts) for branch in result.branches],
        unchecked=[(BRANCH_TITLES[b.name], b.reason or "") for b in result.branches if b.status != "scored"],
        timeline=result.timeline,
        windows=result.windows,
        faces=[
            doc.FaceSection(
                track=face.track,
                probability=face.probability,
                first_s=min(face.times_s),
                last_s=max(face.times_s),
                crops=len(face.times_s),
            )
            for face in result.faces
            if face.times_s
        ],
        thumbnail=next((picture for picture in pictures if picture.kind == "thumbnail"), None),
        key_frames=[picture for picture in pictures if picture.kind == "key-frame"],
        features=result.features,
        limits=_limits(result, manifest.get(head)),
        models=_models(result, manifest),
        versions=result.versions,
        head=head,
        timings=result.timings,
        command=command_lines(materials.analysis.filename, result),
    )


def _source(analysis: Analysis) -> doc.Source:
    return doc.Source(
        analysis_id=analysis.id,
        filename=analysis.filename,
        shown_name=visible(analysis.filename) or "(without a name)",
        sha256=analysis.sha256,
        size_bytes=analysis.size_bytes,
        submitted_at=analysis.created_at,
        started_at=analysis.started_at,
        finished_at=analysis.finished_at,
    )


def _conclusion(result: Result) -> doc.Conclusion:
    known = result.thresholds
    band = (known["inconclusive_from"], known["inconclusive_to"]) if "inconclusive_from" in known else None
    return doc.Conclusion(
        verdict=result.verdict,
        headline=_headline(result),
        probability=result.probability,
        confidence=result.confidence,
        inconclusive=result.inconclusive,
        band=band,
        early_exit=result.early_exit,
        reasons=result.reasons,
        thresholds=result.thresholds,
        options=result.options,
    )


def _headline(result: Result) -> str:
    chance = f"The calibrated probability that it is fake is {percent(result.probability)}."
    if not result.contributions:
        return "Inconclusive: nothing in this clip could be judged."
    if result.inconclusive:
        return f"Inconclusive: the evidence leans to {result.verdict.lower()}, but not clearly. {chance}"
    return f"{result.verdict}. {chance}"


def _waterfall(result: Result) -> doc.Waterfall:
    """The starting point first, then the features in canonical order, each beginning where the last one ended."""
    parts = dict(result.contributions)
    ordered = [(name, parts[name]) for name in sorted(parts, key=lambda name: name != "intercept")]
    steps, level = [], 0.0
    for feature, log_odds in ordered:
        steps.append(
            doc.Step(
                feature=feature,
                branch=BRANCH_OF_PREFIX.get(feature.split("_")[0]),
                label=FEATURE_LABELS.get(feature, feature),
                value=result.features.get(feature),
                log_odds=log_odds,
                start=level,
                end=level + log_odds,
            )
        )
        level += log_odds
    return doc.Waterfall(steps=steps, total=level)


def _branch(
    branch: BranchReport,
    waterfall: doc.Waterfall,
    pictures: Sequence[doc.Picture],
    artefacts: Sequence[Artefact],
) -> doc.BranchSection:
    parts = [step.log_odds for step in waterfall.steps if step.branch == branch.name]
    kinds = PICTURES_OF.get(branch.name, ())
    return doc.BranchSection(
        name=branch.name,
        title=BRANCH_TITLES[branch.name],
        looks=BRANCH_LOOKS[branch.name],
        status=branch.status,
        probability=branch.probability,
        log_odds=sum(parts) if parts else None,
        reason=branch.reason,
        facts=_facts(branch),
        pictures=[picture for picture in pictures if picture.kind in kinds],
        sync_curve=_sync_curve(artefacts) if branch.name == "sync" else None,
    )


def _facts(branch: BranchReport) -> list[tuple[str, str]]:
    """Details that mean something to a reader."""
    found = [(f"Face {track + 1}", percent(probability)) for track, probability in branch.faces.items()]
    details = branch.details
    if branch.name == "sync" and "offset_frames" in details:
        frames = int(details["offset_frames"])
        certainty = "clear" if details.get("offset_certain") else "not clear enough to be believed"
        found.append(("Best match at a shift of", f"{frames} frames, {certainty}"))
    if branch.name == "audio" and "windows" in details:
        found.append(("Windows of speech", plain_number(details["windows"])))
    return found


def _sync_curve(artefacts: Sequence[Artefact]) -> doc.SyncCurve | None:
    content = next((artefact.content for artefact in artefacts if artefact.kind == "sync-curve"), None)
    return None if content is None else doc.SyncCurve.model_validate(json.loads(content))


def _picture(artefact: Artefact, analysis: Analysis) -> doc.Picture:
    return doc.Picture(
        name=artefact.name,
        kind=artefact.kind,
        title=artefact.title,
        media_type=artefact.media_type,
        sha256=hashlib.sha256(artefact.content).hexdigest(),
        url=f"/analyses/{analysis.id}/evidence/{artefact.name}",
        details=artefact.details,
        content=artefact.content,
    )


def _limits(result: Result, head: ModelEntry | None) -> list[str]:
    measured = honest_limit(head)
    seen_s = sum(end - start for start, end in result.windows)
    sampled = [SAMPLED] if seen_s < result.clip.duration_s - 0.5 else []
    return [*([measured] if measured else []), *LIMITS, *sampled]


def _models(result: Result, manifest: Mapping[str, ModelEntry]) -> list[doc.ModelSection]:
    """The networks, the head that weighed their evidence, and the one that holds the rule of the early exit."""
    weighing = (result.versions.get("head"), EXIT_HEAD)
    return [
        _model(file, sha256, manifest)
        for file, sha256 in result.versions.items()
        if file not in NOT_FILES and (not file.endswith(HEAD_ENDING) or file in weighing)
    ]


def _model(file: str, sha256: str, manifest: Mapping[str, ModelEntry]) -> doc.ModelSection:
    """The whole hash and the figures, if the manifest still has the file that was used."""
    entry = manifest.get(file)
    if entry is None or not entry.sha256.startswith(sha256):
        return doc.ModelSection(file=file, role="of another release", sha256=sha256, measured=[])
    return doc.ModelSection(file=file, role=entry.role, sha256=entry.sha256, measured=sentences_of(entry))
