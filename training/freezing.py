"""Fine-tuning in two stages: the new head on a frozen backbone, then all of it, the backbone more gently."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer


@dataclass(frozen=True, slots=True)
class TwoStages:
    """For the first `head_only_steps` steps everything but `head` is frozen. 0 trains all of it from the start.

    `backbone_rate` is the backbone's learning rate as a share of the head's.
    """

    head_only_steps: int
    backbone_rate: float = 1.0

    def parameter_groups(self, network: nn.Module, head: Sequence[nn.Module], rate: float) -> list[dict[str, object]]:
        """Groups for an optimiser, head first. A frozen parameter has no gradient, so that no step moves it."""
        own = {id(p) for module in head for p in module.parameters()}
        return [
            {"params": [p for p in network.parameters() if id(p) in own], "lr": rate},
            {"params": [p for p in network.parameters() if id(p) not in own], "lr": rate * self.backbone_rate},
        ]

    def apply(self, network: nn.Module, head: Sequence[nn.Module], step: int) -> bool:
        """Freeze or free the backbone as this step asks; true if it is free. Cheap: call it before every step."""
        free = step >= self.head_only_steps
        own = {id(p) for module in head for p in module.parameters()}
        for parameter in network.parameters():
            if id(parameter) not in own:
                parameter.requires_grad_(free)
        return free


def learning_rates(optimiser: Optimizer) -> list[float]:
    """The present rate of every group, for a log."""
    return [float(group["lr"]) for group in optimiser.param_groups]
