"""How several views of one input become one verdict: as forged as the most suspicious of them finds it."""

import torch
from torch import Tensor


def soft_maximum(logits: Tensor, softness: float = 1.0) -> Tensor:
    """The largest of `(views, N)` over views, and somewhat more where several are near it: `(N,)`."""
    return softness * torch.logsumexp(logits / softness, dim=0)
