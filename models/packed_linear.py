"""Linear layers whose weights are kept in five bits each: a large network in a small file."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

BITS: Final = 5
GROUP: Final = 64
"""Neighbouring inputs of one output that share a scale."""
# fmt: off
_HALF: Final = (
    0.0659, 0.1981, 0.3314, 0.4667, 0.6049, 0.7471, 0.8946, 1.0488,
    1.2118, 1.3863, 1.5762, 1.7872, 2.0287, 2.3177, 2.6911, 3.2607,
)
# fmt: on
LEVELS: Final = (*(-level for level in reversed(_HALF)), *_HALF)
"""Values that the codes stand for: the best for weights of a normal distribution (Max 1960, Lloyd 1982)."""


class PackedLinear(nn.Module):
    """A linear layer that unpacks its weights when they are loaded, and computes in `dtype`.

    Kept are the bits of the codes, one plane after the other, eight codes to a byte, uint8 `(5, out, in / 8)`; a scale
    for every group, float16 `(out, in / 64)`; and the bias, float32 `(out,)`.
    """

    def __init__(self, inputs: int, outputs: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.register_buffer("planes", torch.zeros(BITS, outputs, inputs // 8, dtype=torch.uint8))
        self.register_buffer("scales", torch.zeros(outputs, inputs // GROUP, dtype=torch.float16))
        self.register_buffer("bias", torch.zeros(outputs))
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=dtype), persistent=False)
        self.register_load_state_dict_post_hook(lambda module, _keys: module._unpack())  # type: ignore[no-untyped-call]

    def pack(self, codes: Tensor, scales: Tensor, bias: Tensor) -> None:
        """Take codes int64 `(out, in)`, scales `(out, in / 64)` and a bias `(out,)`."""
        bits = (codes[None] >> torch.arange(BITS)[:, None, None]) & 1
        packed = (bits.view(BITS, len(codes), -1, 8) << torch.arange(8)).sum(dim=3)
        self.load_state_dict({"planes": packed.to(torch.uint8), "scales": scales.half(), "bias": bias})

    def forward(self, inputs: Tensor) -> Tensor:
        """`(..., in)` of this layer's dtype to `(..., out)`."""
        return functional.linear(inputs, self.get_buffer("weight"), self.get_buffer("bias").to(self.dtype))

    def _unpack(self) -> None:
        planes, scales = self.get_buffer("planes").int(), self.get_buffer("scales")
        codes = torch.zeros(*scales.shape, GROUP, dtype=torch.int32)
        for weight, plane in enumerate(planes):
            codes += _BITS_OF_BYTE[plane].view_as(codes) << weight
        levels = torch.tensor(LEVELS).to(self.dtype)
        self.get_buffer("weight").copy_((levels[codes] * scales.to(self.dtype)[..., None]).flatten(1))


_BITS_OF_BYTE: Final = (torch.arange(256, dtype=torch.int32)[:, None] >> torch.arange(8)) & 1
