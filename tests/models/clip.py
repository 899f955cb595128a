"""A tiny encoder of CLIP's shape whose every layer computes something."""

from typing import TypeVar

import torch
from torch import nn

from models.clip_encoder import Block, ClipEncoderConfig
from models.packed_linear import GROUP, LEVELS

Network = TypeVar("Network", bound=nn.Module)

SMALL = ClipEncoderConfig(width=64, heads=2, blocks=3, pooled=(2, 3))


def filled(network: Network) -> Network:
    """The network with random parameters, those of packed layers too, in eval mode."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.3)
    for block in network.modules():
        if isinstance(block, Block):
            for layer, shape in (
                (block.query_key_value, (192, 64)),
                (block.attention_out, (64, 64)),
                (block.feed_in, (256, 64)),
                (block.feed_out, (64, 256)),
            ):
                outputs, inputs = shape
                codes, scales = torch.randint(len(LEVELS), shape), torch.full((outputs, inputs // GROUP), 0.125)
                layer.pack(codes, scales, torch.randn(outputs) / 8)
    return network.eval()
