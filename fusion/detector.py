"""The one way from a file to a verdict, for service, command line and training alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from branches.media import MediaReader
from branches.types import Abstained, Branch, BranchEvidence, Media
from fusion.features import BRANCHES, FeatureVector
from fusion.head import FusionHead, best_head
from fusion.loading import ExitRule, load_branches, load_exit_rule, load_heads
from fusion.reasons import explain
from fusion.steps import OnStep, StepEvent, StepState, step
from fusion.timeline import face_reports, fused_timeline
from fusion.verdict import Examination, Label, Verdict
from models.store import ModelStore


class Stage(StrEnum):
    """Where an analysis stands, in the words of the HTTP contract."""

    QUEUED = "Queued"
    EXTRACTING = "Extracting frames"
    RUNNING = "Running models"
    CLASSIFYING = "Final classification"


Progress = Callable[[Stage, int], None]
"""Called with the stage and the share of the whole work that is done, 0 to 100."""

EXTRACTED_PERCENT: Final = 40
CLASSIFYING_PERCENT: Final = 95
MOST_STILLS: Final = 48
"""Whole pictures kept of an examined clip: at most 60 MB while it is in work."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What an operator may choose.

    `gate_audio_guard`: a clip with sound may leave early only if the audio branch agrees.
    `inconclusive_band`: verdicts with a probability this close to one half are marked inconclusive.
    """

    gate_audio_guard: bool = True
    inconclusive_band: float = 0.1


@dataclass(slots=True)
class _Findings:
    """What is known of a clip so far."""

    media: Media
    on_step: OnStep
    evidence: dict[str, BranchEvidence | Abstained] = field(default_factory=dict)
    timings_s: dict[str, float] = field(default_factory=dict)

    def ordered(self) -> tuple[BranchEvidence | Abstained, ...]:
        return tuple(self.evidence[branch] for branch in BRANCHES)


class Detector:
    """Reads a clip once, asks the gate, then all branches, and fuses what they found. Deterministic."""

    def __init__(
        self,
        reader: MediaReader,
        branches: Mapping[str, Branch],
        heads: Mapping[str, FusionHead],
        exit_rule: ExitRule | None,
        settings: DetectorSettings,
        versions: Mapping[str, str],
    ) -> None:
        self.reader = reader
        self.branches = branches
        self.heads = heads
        self.exit_rule = exit_rule
        self.settings = settings
        self.versions = dict(versions)

    @classmethod
    def load(
        cls,
        store: ModelStore | None = None,
        settings: DetectorSettings | None = None,
        reader: MediaReader | None = None,
    ) -> "Detector":
        """Load every network and head of a weights folder.

        Raises:
            models.store.ArtefactError: a weight file is missing or was changed.
        """
        kept = store or ModelStore()
        return cls(
            reader=reader or MediaReader(),
            branches=load_branches(kept),
            heads=load_heads(kept),
            exit_rule=load_exit_rule(kept),
            settings=settings or DetectorSettings(),
            versions={file: artefact.sha256[:12] for file, artefact in kept.artefacts().items()},
        )

    def analyze(
        self,
        path: Path,
        *,
        gate: bool = True,
        scan: str = "windows",
        progress: Progress | None = None,
        on_step: OnStep | None = None,
    ) -> Verdict:
        """Judge one clip; `examine` without what only pictures of the evidence need."""
        return self._judge(path, gate, scan, progress or _silent, on_step or _unheard, most_stills=0).verdict

    def examine(
        self,
        path: Path,
        *,
        gate: bool = True,
        scan: str = "windows",
        progress: Progress | None = None,
        on_step: OnStep | None = None,
    ) -> Examination:
        """Judge one clip, and keep what it was judged by.

        Args:
            path: a video file.
            gate: false runs every branch, however clear the gate's answer.
            scan: "windows" looks at windows spread over a long clip, "full" at every second of it.
            progress: told as the stages really advance, several times a second while frames are extracted; an
                exception that it raises stops the analysis.
            on_step: told as reading, each branch and fusion begin and end.

        Raises:
            branches.types.MediaError: the file cannot be analysed.
        """
        return self._judge(path, gate, scan, progress or _silent, on_step or _unheard, MOST_STILLS)

    def _judge(
        self, path: Path, gate: bool, scan: str, report: Progress, tell: OnStep, most_stills: int
    ) -> Examination:
        def extracting(share: float) -> None:
            report(Stage.EXTRACTING, max(1, round(share * EXTRACTED_PERCENT)))

        with step("ingest", tell) as reading:
            media = self.reader.read(path, scan=scan, progress=extracting, most_stills=most_stills)
        findings = _Findings(media, tell, timings_s={"media": reading.took_s})
        report(Stage.RUNNING, EXTRACTED_PERCENT)
        early_exit = self._ask_branches(findings, gate, report)
        report(Stage.CLASSIFYING, CLASSIFYING_PERCENT)
        with step("fusion", tell):
            verdict = self._conclude(findings, early_exit)
        return Examination(replace(verdict, options=self._options(gate, scan)), media)

    def _options(self, gate: bool, scan: str) -> dict[str, bool | str]:
        return {"gate": gate, "scan": scan, "gate_audio_guard": self.settings.gate_audio_guard}

    def _ask_branches(self, findings: _Findings, gate: bool, report: Progress) -> bool:
        """Run the branches in order; true if the gate let the clip out before the others had to run."""
        self._ask("gate", findings)
        if gate and self._may_exit(findings):
            self._skip_the_rest(findings)
            return True
        for done, branch in enumerate(BRANCHES):
            if branch not in findings.evidence:
                self._ask(branch, findings)
            span = CLASSIFYING_PERCENT - EXTRACTED_PERCENT
            report(Stage.RUNNING, EXTRACTED_PERCENT + span * (done + 1) // len(BRANCHES))
        return False

    def _skip_the_rest(self, findings: _Findings) -> None:
        for branch in BRANCHES:
            if branch not in findings.evidence:
                reason = "Not run: the quick check was already clear."
                findings.evidence[branch] = Abstained(branch, "early_exit", reason)
                findings.on_step(StepEvent(branch, StepState.SKIPPED, note=reason))

    def _ask(self, name: str, findings: _Findings) -> BranchEvidence | Abstained:
        with step(name, findings.on_step) as asking:
            inputs = self.branches[name].prepare(findings.media)
            found = inputs if isinstance(inputs, Abstained) else self.branches[name].score(inputs)
            asking.abstained = found.reason if isinstance(found, Abstained) else None
        findings.evidence[name] = found
        findings.timings_s[name] = asking.took_s
        return found

    def _may_exit(self, findings: _Findings) -> bool:
        found = findings.evidence["gate"]
        if self.exit_rule is None or isinstance(found, Abstained) or not self.exit_rule.clears(found.probability):
            return False
        if self.settings.gate_audio_guard and findings.media.clip.has_audio:
            heard = self._ask("audio", findings)
            if isinstance(heard, BranchEvidence) and heard.probability >= self.exit_rule.audio_below:
                return False
        probability, _ = self._fuse(FeatureVector.of(findings.evidence.values()))
        return probability < 0.5 - self.settings.inconclusive_band

    def _fuse(self, features: FeatureVector) -> tuple[float, dict[str, float]]:
        """Calibrated probability and its additive parts; one half and none where no head fits."""
        head = best_head(self.heads, features.present())
        if head is None:
            return 0.5, {}
        known = features.as_dict()
        return head.probability(known), head.contributions(known)

    def _conclude(self, findings: _Findings, early_exit: bool) -> Verdict:
        evidence = findings.ordered()
        features = FeatureVector.of(evidence)
        probability, contributions = self._fuse(features)
        unsure = abs(probability - 0.5) <= self.settings.inconclusive_band
        return Verdict(
            label=Label.DEEPFAKE if probability >= 0.5 else Label.AUTHENTIC,
            probability=probability,
            inconclusive=unsure or not contributions,
            early_exit=early_exit,
            reasons=explain(evidence, contributions, early_exit),
            contributions=contributions,
            evidence=evidence,
            features=features,
            timeline=fused_timeline(evidence, findings.media.windows_s),
            faces=face_reports(findings.media, evidence),
            clip=findings.media.clip,
            windows_s=findings.media.windows_s,
            timings_s={name: round(seconds, 4) for name, seconds in findings.timings_s.items()},
            versions=self._versions_of(features),
            thresholds=self._thresholds(),
        )

    def _thresholds(self) -> dict[str, float]:
        band = self.settings.inconclusive_band
        decisions = {"deepfake_from": 0.5, "inconclusive_from": 0.5 - band, "inconclusive_to": 0.5 + band}
        if self.exit_rule is None:
            return decisions
        return {
            **decisions,
            "gate_exit_from": self.exit_rule.gate_from,
            "gate_exit_below": self.exit_rule.gate_below,
            "audio_exit_below": self.exit_rule.audio_below,
        }

    def _versions_of(self, features: FeatureVector) -> dict[str, str]:
        head = best_head(self.heads, features.present())
        exit_rule = f"{self.exit_rule.gate_below:.4f}" if self.exit_rule else "none"
        return {**self.versions, "head": head.file if head else "none", "exit_threshold": exit_rule}


def _silent(_stage: Stage, _percent: int) -> None:
    return None


def _unheard(_event: StepEvent) -> None:
    return None
