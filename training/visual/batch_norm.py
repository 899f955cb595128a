"""Batch norm that learns: statistics estimated anew, so that it can be trained without changing what it computes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn


def layers(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Every batch norm of a network."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def recalibrate(network: nn.Module, images: Tensor, momentum: float = 0.05) -> None:
    """Give batch norms that were folded to identity the statistics of pictures `(N, 3, P, P)`.

    Scale and shift are moved so that the network gives what it gave before in eval mode; in train mode its features
    are then normalised by what each batch holds, which lets the rate of learning be higher.
    """
    network.eval()
    with ExitStack() as stack:
        seen = [stack.enter_context(_watched(layer)) for layer in layers(network)]
        network(images)
    for layer, inputs in zip(layers(network), seen, strict=True):
        variance, mean = torch.var_mean(inputs[0].float(), dim=(0, 2, 3), correction=0)
        old_mean, old_variance = statistics(layer)
        before, after = (old_variance + layer.eps).sqrt(), (variance + layer.eps).sqrt()
        layer.bias.add_(layer.weight / before * (mean - old_mean))
        layer.weight.mul_(after / before)
        old_mean.copy_(mean)
        old_variance.copy_(variance)
        layer.momentum = momentum


@torch.no_grad()
def fold(network: nn.Module) -> None:
    """Undo `recalibrate`: move the statistics into scale and shift, so that every layer has mean 0 and deviation 1."""
    for layer in layers(network):
        mean, variance = statistics(layer)
        layer.weight.div_((variance + layer.eps).sqrt())
        layer.bias.sub_(layer.weight * mean)
        mean.zero_()
        variance.fill_(1 - layer.eps)


def statistics(layer: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """The running mean and variance of a layer, float32 `(C,)` each.

    Raises:
        ValueError: the layer keeps none.
    """
    if layer.running_mean is None or layer.running_var is None:
        raise ValueError("this batch norm keeps no running statistics")
    return layer.running_mean, layer.running_var


@contextmanager
def _watched(layer: nn.BatchNorm2d) -> Iterator[list[Tensor]]:
    """Collects what goes into a layer."""
    inputs: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _layer, given, _output: inputs.append(given[0]))
    try:
        yield inputs
    finally:
        hook.remove()
