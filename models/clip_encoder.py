"""A second view of a face: the first blocks of CLIP's ViT-B/16 (Radford et al. 2021, arXiv 2103.00020).

A network that has seen very many pictures notices what does not belong in one; its last blocks, which name what is
shown, are left out. The weights come from OpenAI's release under the MIT licence, kept in five bits each; only the
line on top is trained here.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.packed_linear import PackedLinear
from models.spec import ImageSpec

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
CLIP_SPEC: Final = ImageSpec(mean=CLIP_MEAN, std=CLIP_STD)
PATCH_PX: Final = 16
FURTHEST: Final = 5.0
"""No feature counts for more than this many deviations from its middle."""


@dataclass(frozen=True, slots=True)
class ClipEncoderConfig:
    """Size of the encoder; ViT-B has width 768, 12 heads and 12 blocks, of which the first are used.

    `pooled` counts blocks from 1.
    """

    width: int = 768
    heads: int = 12
    blocks: int = 10
    pooled: tuple[int, ...] = (8, 9, 10)


class Block(nn.Module):
    """Self-attention and a feed-forward step, both with the norm in front."""

    def __init__(self, width: int, heads: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = PackedLinear(width, 3 * width, dtype)
        self.attention_out = PackedLinear(width, width, dtype)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = PackedLinear(width, 4 * width, dtype)
        self.feed_out = PackedLinear(4 * width, width, dtype)

    def forward(self, tokens: Tensor, *, only_class: bool = False) -> Tensor:
        """Tokens float32 `(N, T, width)` to the same shape, or to that of the class token, `(N, 1, width)`."""
        parts = self.query_key_value(self._norm(self.attention_norm, tokens)).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if only_class:
            query, tokens = query[:, :, :1], tokens[:, :1]
        attended = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.attention_out(attended)
        inner = self.feed_in(self._norm(self.feed_norm, tokens))
        refined: Tensor = tokens + self.feed_out(inner * torch.sigmoid(1.702 * inner))
        return refined

    def _norm(self, norm: nn.Module, tokens: Tensor) -> Tensor:
        normed: Tensor = norm(tokens)
        return normed.to(self.feed_in.dtype)


class ClipEncoder(nn.Module):
    """Pictures to the class token after every block."""

    def __init__(self, config: ClipEncoderConfig, size_px: int = CLIP_SPEC.size_px) -> None:
        super().__init__()
        dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
        self.patches = nn.Conv2d(3, config.width, PATCH_PX, PATCH_PX, bias=False)
        self.class_token = nn.Parameter(torch.zeros(config.width))
        self.positions = nn.Parameter(torch.zeros((size_px // PATCH_PX) ** 2 + 1, config.width))
        self.first_norm = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, dtype) for _ in range(config.blocks))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images float32 `(N, 3, S, S)`, normalised by `CLIP_SPEC`, to as many class tokens `(N, width)` as blocks."""
        tokens, found = self.tokens(images), []
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens, only_class=number == len(self.blocks))
            found.append(tokens[:, 0])
        return found

    def tokens(self, images: Tensor) -> Tensor:
        """What the first block is given, `(N, 1 + patches, width)`: the class token comes first."""
        patches = self.patches(images).flatten(2).transpose(1, 2)
        every = torch.cat([self.class_token.expand(len(images), 1, -1), patches], dim=1) + self.positions
        normed: Tensor = self.first_norm(every)
        return normed


class ClipFaceClassifier(nn.Module):
    """Face crops float32 `(N, 3, S, S)`, normalised by `CLIP_SPEC`, to logits `(N,)`: positive means fake.

    Linear in the standardised, limited class tokens of the pooled blocks.
    """

    def __init__(self, config: ClipEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ClipEncoder(config)
        width = config.width * len(config.pooled)
        self.register_buffer("middle", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.head = nn.Linear(width, 1)

    def embed(self, images: Tensor) -> Tensor:
        """Class tokens of the pooled blocks, float32 `(N, width * len(pooled))`."""
        tokens = self.encoder(images)
        return torch.cat([tokens[block - 1] for block in self.config.pooled], dim=1)

    def classify(self, embeddings: Tensor) -> Tensor:
        """Embeddings `(N, width * len(pooled))` to logits `(N,)`."""
        standard = (embeddings - self.get_buffer("middle")) / self.get_buffer("spread")
        logits: Tensor = self.head(standard.clamp(-FURTHEST, FURTHEST)).squeeze(1)
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """Score crops: logits `(N,)`."""
        return self.classify(self.embed(images))


def has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32: with a matrix unit (AMX) it does.

    By its vector instructions alone (AVX-512) it knows bfloat16 too, but takes 1.6 times as long.
    """
    return bool(torch.cpu._is_amx_tile_supported())


def build_clip_face_classifier(config: dict[str, Any]) -> ClipFaceClassifier:
    """Make an untrained network from its recorded config, as `ModelStore.network` asks.

    Beside what `ClipEncoderConfig` names, the config says how the network stands beside others.
    """
    known: dict[str, Any] = {name: config[name] for name in ("width", "heads", "blocks") if name in config}
    if "pooled" in config:
        known["pooled"] = tuple(config["pooled"])
    return ClipFaceClassifier(ClipEncoderConfig(**known))
