"""Learning rate schedules, as factors of the base rate by step."""

import math


def warm_cosine(step: int, warmup: int, steps: int) -> float:
    """Linear rise over `warmup` steps, then half a cosine down to 2% at `steps`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = min((step - warmup) / max(steps - warmup, 1), 1.0)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
