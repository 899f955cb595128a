"""Writes MODEL_CARD.md from the manifest, so that no figure in it was typed by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from models.store import Artefact, ModelStore

CARD_NAME: Final = "MODEL_CARD.md"
GLANCE: Final = ("clips", "auc", "auc_interval", "matched_auc", "matched_auc_interval", "balanced_ece")
"""Figures of a fusion head that the first table shows."""

INTRODUCTION: Final = """# Model card

Vericlip judges short clips of people by five branches and a fused, calibrated regression. These weights come from a
**short training on two processor cores**. A verdict is a lead for a person to follow, never proof, and must not be the
only ground for a decision about anybody.

## Data

Trained on a private pack: 547 public clips of 2 to 3 s from research and vendor pages (240 real of about 190 people,
307 fake by 29 methods), 1,204 still pictures of faces (808 photographs, 396 made pictures) and 2,731 utterances (1,365
bona fide, 1,366 spoofed by 70 systems). The clips stem from public research pages under mixed terms; whoever
redistributes the weights commercially must check them.

Pages that show both real and fake clips were **held out of branch training** (`training/splits.py`) while the figures
were taken. Fusion is fitted on them, on the scores that branches gave which had not learnt from them, and its figures
are measured out of five folds by person or scene. The face network is the mean of two runs' weights: of one that never
learnt from those pages, and of one that went on over **all pages** at its end; fusion and the face network's figures
come from runs that never learnt from those pages, for fusion brought to the spread of the network that ships. The lines
that judge films of faces and mouths have learnt from **every clip**; their figures and fusion come from lines fitted
without a clip's page, its people and its generator. CLIP's line has learnt from pairs of real faces of every page and
from every clip; its figures and fusion come from lines fitted on pairs of other pages' faces, and without a clip's
page, its people and its generator. What compares lips and voice has learnt from talking clips of every page; its
figures come from a fit without the held-out pages. It has no weight in fusion, and fits without a clip's people would
get none. Nor has the patch gate, as its scores are chance on held-out pages: it only decides early exits. How long to
train, what to average, what motion is read from and how far it counts, and what to leave without weight was chosen
while watching these figures, which are optimistic for it. The speech encoder's line has learnt from every utterance;
its figures come from lines fitted with a sixth of the sources left out, each utterance scored by one that knew neither
its corpus nor, as a rule, its spoofing system. The same holds of the line through the bands, whose entry gives the
figures of the voice as a whole. Layers, statistics, regularisation and how the two are joined were chosen among about
340 settings on such figures and on voices of held-out clips, so they, and those of fusion's voice, are optimistic. The
CQCC network's figures are from the `dev` split, of which it has learnt nothing.

`matched_auc` is the mean of the AUC within each held-out page: there, picture quality cannot tell the classes apart.
It is the number to trust; `auc` over all held-out clips flatters or misleads. 0.5 is chance. A head that is calibrated
perfectly would show a `balanced_ece` of 0.07 to 0.08 on so few clips (0.04 to 0.12 in nine of ten cases).
"""

METHOD: Final = """## Method

- Visual: ResNet-18 to stage 3, ImageNet initial weights, on pairs of a real face and a forgery of it. Most forgeries
  are pseudo-fakes made from that very face (self-blending, redrawn mouths, swaps, animated stills, re-rendering), so
  that only the artefact differs; both go through one chain of codec, scale, blur, noise and colour. A second head, for
  training only, marks what the forger changed. A clip's score is the mean over one crop of each burst; the figures of
  the network by itself are over four crops, spread over the clip.
  Beside it the first ten blocks of CLIP's ViT-B/16 (see NOTICE) look at three crops of each face: the sum of two lines
  through the class tokens of the last three is added to ResNet-18's logit. One is fitted on such pairs, four in ten of
  them swaps, and on no published fake; one on all published clips and some stills, as they are and spoilt at random,
  every page of them moved so that the middle between its classes lies at zero: it knows only what tells forged from
  real within pages. Pages that show one class count as one page, all together. Both look less along the
  directions in which blur, halving, turning and noise move what the tokens of other clips say.
- Gate: Tiny-LaDeDa on native-scale patches of the same pairs.
- Temporal: a line through 430 statistics of a film of the face, up to 64 frames at 25 fps: how detail at two scales,
  what optical flow explains, how well texture keeps along it, light, colour and movement of eight regions change from
  frame to frame, by themselves and against what lies around the face; and over the whole film, in each of seven by
  seven cells, left and right taken together, how fine detail is, how peaked, how much of it is colour, what flow
  explains and keeps, and how far the cell strays from how the whole moves; on real clips and published fakes, as they
  are, degraded and noisy, by what tells within pages as well, fitted beside the size of picture and face, bit rate,
  sharpness and light, which are then dropped: `alike_auc` is within fifths of clips that these make about as likely
  forged. A second line through how far 64 features of the mouth stray over the same frames, as the first half of
  LR-ASD's visual encoder (see NOTICE) sees it: that network was trained to tell who speaks. Beside them a bidirectional
  LSTM over how far detail and flow of the crops stray from their mean along the track, as far as they are steadier than
  usual.
- Audio: a linear layer on the first layers of Whisper base (see NOTICE), and one on how much the bands of the spectrum
  move (changes of up to third order) and how jointly, both fitted on utterances as they are and degraded, and joined by
  a soft maximum; and a light CNN on constant-Q cepstra, on utterances and their copy-synthesis, which gets no weight
  beside them.
- Sync: the shape of the lips as a face mesh sees it, read by a small network, against the voice as Whisper's second and
  third layers hear it (see NOTICE), and a small judge over the curve of likeness by shift.
- Fusion: logistic regression on log-odds, weights held non-negative and fitted by what tells within pages, scale and
  intercept on all clips, classes and methods balanced; beside a face, a voice counts only as far as it sounds forged,
  and motion speaks for a clip a little only; of the face's summaries the mean alone has weight; heads that hear nothing
  are fitted without clips forged in their sound alone; temperature by Brier score on out-of-fold scores. With so few
  clips the temperature is fitted on the scores whose calibration error is reported, which flatters that error a little.
"""

FAILURES: Final = """## Known failures

- The voice is judged wrongly in more than one case of five on unseen corpora and systems; a large autoregressive
  generator (Tortoise) passes for live among the very voices it was made from, and so can formant synthesis (eSpeak).
  The CQCC network alone is below chance there.
- The gate's patches give no evidence that carries over, and no weight in fusion. Noise can bring their score below
  every real clip's; what lies there does not leave early.
- Motion knows less where clips are shrunk, blurred, noisy or encoded anew after publication (`degraded_auc` and
  `noisy_auc` of its film): what it reads lies in fine detail. Noise hides the traces of forged faces as well.
- Hard compression makes real faces look forged: encoded anew at a CRF of 35 their log-odds rise by 1.6, those of forged
  faces do not, and on 70 held-out clips the AUC falls from 0.98 to 0.86 (at 30 to 0.91, at 23 to 0.95), though these
  networks have learnt from them. Over nine ways to spoil them 8% of the confident verdicts turn (of those further than
  0.2 from one half 4%).
- A verdict may turn where a copy is blurred, halved in size, turned or made noisy, though CLIP's lines are levelled by
  these very ways on clips of other pages: of 62 clips judged, by the pictures but without the LSTM, by networks that
  had not learnt from them, 17% of the confident verdicts did, of turned and of noisy copies 24% (of those further than
  0.2 from one half 8%, of noisy copies 22%); the copies' AUC is 0.80 instead of 0.87. This was measured before mouths
  were judged, and before films were learnt from beside the quality of a picture.
- The sync network tells shifts of 8 frames or more from lips in step in six pairs of seven, other people's speech in
  nine of ten, shifts of 2 frames hardly; it has no weight in the verdict, since genuine clips are published out of step
  and lip-sync tools are in step. Offsets are named only where the curve has one clear peak.
- Methods and cameras unlike the pack's: every figure above is from a few dozen people on a handful of pages.
- Heavily compressed, tiny or filtered faces; beauty filters and plastic-looking studio lighting look generated.
- Recent neural vocoders and voice conversion; music under speech; languages other than English are little tested.
- Cuts within a clip (a face track may span a cut), faces in the background (the smallest are not scored), HDR.
- Lip-sync tools and talking-head generators make lips that are *too well* in sync; they look better than real ones.
- A clip longer than 12 s is sampled in six windows unless it is scanned in full.
"""


def write_card(folder: Path) -> Path:
    """Render the card of a weights folder beside its manifest."""
    artefacts = ModelStore(folder).artefacts().values()
    branches = [artefact for artefact in artefacts if artefact.role != "fusion"]
    heads = [artefact for artefact in artefacts if artefact.role == "fusion"]
    parts = [
        INTRODUCTION,
        METHOD,
        "## Figures\n",
        _overview(heads),
        *(_section(a) for a in (*branches, *heads)),
        FAILURES,
        _files(artefacts),
    ]
    path = folder / CARD_NAME
    path.write_text("\n".join(part.rstrip() + "\n" for part in parts), encoding="utf-8")
    return path


def _overview(heads: Sequence[Artefact]) -> str:
    rows = [
        [a.file.removesuffix(".joblib"), ", ".join(a.config["branches"]), *(_shown(a.metrics.get(n)) for n in GLANCE)]
        for a in heads
    ]
    return "### All heads at a glance\n\n" + _table(["head", "branches", *GLANCE], rows)


def _section(artefact: Artefact) -> str:
    made = f"Made by `{artefact.provenance['command']}`: {artefact.provenance['data']}."
    return "\n".join([f"### {artefact.file}\n", *_tables(artefact.metrics), made, ""])


def _tables(metrics: dict[str, Any], title: str = "") -> list[str]:
    """One table of the plain figures, then one for each figure that is broken down."""
    heading = [f"**{title}**\n"] if title else []
    if _is_grid(metrics):
        columns = list(next(iter(metrics.values())))
        rows = [[name, *(_shown(value[column]) for column in columns)] for name, value in metrics.items()]
        return [*heading, _table(["", *columns], rows)]
    plain = [[name, _shown(value)] for name, value in metrics.items() if not isinstance(value, dict)]
    found = [*heading, _table(["figure", "value"], plain)] if plain else []
    for name, value in metrics.items():
        if isinstance(value, dict):
            found += _tables(value, f"{title}: {name}" if title else name)
    return found


def _is_grid(metrics: dict[str, Any]) -> bool:
    """Whether every value is broken down by the same plain figures, so that one table holds them all."""
    inner = list(metrics.values())
    if not inner or not all(isinstance(value, dict) for value in inner):
        return False
    plain = not any(isinstance(figure, dict) for value in inner for figure in value.values())
    return plain and all(list(value) == list(inner[0]) for value in inner)


def _shown(value: Any) -> str:
    if isinstance(value, list) and len(value) == 3:
        return f"{value[0]} [{value[1]}, {value[2]}]"
    return "" if value is None else str(value)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _files(artefacts: Any) -> str:
    rows = [[a.file, a.role, f"`{a.sha256[:16]}`", a.provenance.get("date", "")] for a in artefacts]
    return "## Files\n\n" + _table(["file", "role", "SHA-256 begins", "made on"], rows)
