"""What a verdict costs: parameters and floating-point operations of every network, measured on one clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from branches.types import Abstained, Branch, BranchEvidence, Media, MediaError
from fusion.detector import Detector, DetectorSettings
from fusion.loading import load_branches
from models.packed_linear import PackedLinear
from models.store import ModelStore
from training.datasets.manifest import Modality
from training.evaluate.run import Evaluation
from training.evaluate.scoring import only_sound
from training.evaluate.utterance import read_utterance

GIGA: Final = 1e9
DEPTH: Final = 4
"""How far below a branch its networks are looked for."""


class CountingBranch:
    """A branch whose operations are counted. Multiply and add count as two; Fourier transforms are not counted."""

    def __init__(self, branch: Branch) -> None:
        self.name = branch.name
        self.branch = branch
        self.flops = 0

    def prepare(self, media: Media) -> Any | Abstained:
        """As the branch does."""
        return self.branch.prepare(media)

    def score(self, inputs: Any) -> BranchEvidence:
        """As the branch does, counting."""
        recurrent = [module for network in networks_of(self.branch) for module in network.modules()]
        with FlopCounterMode(display=False) as counter, _lstm_counter(recurrent) as steps:
            found = self.branch.score(inputs)
        self.flops += counter.get_total_flops() + sum(steps)
        return found


def cost_of(detector: Detector, clip: Path) -> dict[str, Any]:
    """Parameters and GFLOPs by branch and in all, with every branch asked about one clip.

    A network that branches share is counted with each of them, and once in all.

    Raises:
        branches.types.MediaError: the clip cannot be analysed.
    """
    counting = {name: CountingBranch(branch) for name, branch in detector.branches.items()}
    probe = Detector(detector.reader, counting, detector.heads, None, DetectorSettings(), {})
    with FlopCounterMode(display=False) as counter:
        media = detector.reader.read(clip)
    del media
    finder = counter.get_total_flops()
    probe.analyze(clip, gate=False)
    by_branch = {
        name: {"parameters": count_parameters(networks_of(branch)), "gflops": round(counting[name].flops / GIGA, 4)}
        for name, branch in detector.branches.items()
    }
    faces = networks_of(detector.reader.finder)
    by_branch["face_finder"] = {"parameters": count_parameters(faces), "gflops": round(finder / GIGA, 4)}
    every = [network for branch in detector.branches.values() for network in networks_of(branch)]
    total = sum(row["gflops"] for row in by_branch.values())
    return {
        "parameters": count_parameters([*every, *faces]),
        "gflops_per_clip": round(total, 4),
        "measured_on": clip.name,
        "by_network": by_branch,
    }


def cost_of_speech(branch: Branch, media: Media) -> dict[str, Any] | None:
    """The same of the voice branch alone, on one utterance; None if it abstains from it."""
    counting = CountingBranch(branch)
    inputs = counting.prepare(media)
    if isinstance(inputs, Abstained):
        return None
    counting.score(inputs)
    gflops = round(counting.flops / GIGA, 4)
    row = {"parameters": count_parameters(networks_of(branch)), "gflops": gflops}
    return {
        "parameters": row["parameters"], "gflops_per_clip": gflops, "measured_on": media.clip.path.name,
        "by_network": {"audio": row},
    }  # fmt: skip


def measure_cost(evaluation: Evaluation) -> dict[str, Any] | None:
    """Cost of the first file that can be scored, with as few abstentions as any; None if there is none."""
    table = evaluation.predictions().frame()
    if table.empty:
        return None
    answered = table.drop(columns=["file", "label"]).notna().sum(axis=1)
    name = str(table["file"].iloc[int(answered.to_numpy().argmax())])
    path = next(entry.path for entry in evaluation.entries if entry.file == name)
    store = ModelStore(evaluation.weights)
    try:
        if evaluation.modality is Modality.AUDIO:
            return cost_of_speech(load_branches(store)["audio"], only_sound(path, read_utterance(path)))
        return cost_of(Detector.load(store), path)
    except MediaError:
        return None  # it was there when it was scored


def networks_of(holder: object, depth: int = DEPTH) -> list[nn.Module]:
    """The networks that an object holds, in its attributes and theirs."""
    if isinstance(holder, nn.Module):
        return [holder]
    if depth == 0:
        return []
    if is_dataclass(holder) and not isinstance(holder, type):
        held = [getattr(holder, field.name) for field in fields(holder)]
    else:
        held = list(vars(holder).values()) if hasattr(holder, "__dict__") else []
    return [network for value in held for network in networks_of(value, depth - 1)]


def count_parameters(networks: list[nn.Module]) -> int:
    """Parameters of all networks, packed ones among them; those that are shared are counted once."""
    counted = {id(p): p.numel() for network in networks for p in network.parameters()}
    for layer in (module for network in networks for module in network.modules() if isinstance(module, PackedLinear)):
        counted |= {id(layer.get_buffer(name)): layer.get_buffer(name).numel() for name in ("weight", "bias")}
    return sum(counted.values())


@contextmanager
def _lstm_counter(modules: list[nn.Module]) -> Iterator[list[int]]:
    """Count what the counter of PyTorch leaves out: the matrix products of recurrent layers."""
    counted: list[int] = []

    def note(module: nn.LSTM, inputs: tuple[Any, ...], _output: Any) -> None:
        given = getattr(inputs[0], "data", inputs[0])
        steps = given.shape[0] if given.dim() == 2 else given.shape[0] * given.shape[1]
        counted.append(2 * int(steps) * sum(w.numel() for name, w in module.named_parameters() if "weight" in name))

    layers = {id(module): module for module in modules if isinstance(module, nn.LSTM)}
    hooks = [layer.register_forward_hook(note) for layer in layers.values()]
    try:
        yield counted
    finally:
        for hook in hooks:
            hook.remove()
