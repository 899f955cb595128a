"""The face's second view: as CLIP computes, one picture at a time, and no feature without limit."""

import pytest
import torch
from torch import Tensor, nn

from models.clip_encoder import (
    FURTHEST,
    Block,
    ClipEncoder,
    ClipEncoderConfig,
    ClipFaceClassifier,
    build_clip_face_classifier,
)
from tests.models.clip import SMALL, filled


@torch.inference_mode()
def _tokens(network: nn.Module, images: Tensor) -> list[Tensor]:
    found: list[Tensor] = network(images)
    return found


def test_a_token_after_every_block_for_every_picture() -> None:
    encoder = filled(ClipEncoder(SMALL))
    images = torch.randn(2, 3, 224, 224)
    together = _tokens(encoder, images)
    assert [tokens.shape for tokens in together] == [(2, 64)] * 3
    assert all(tokens.dtype == torch.float32 for tokens in together)
    for both, alone in zip(together, _tokens(encoder, images[1:]), strict=True):
        torch.testing.assert_close(both[1:], alone, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("matrix_unit", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_layers_compute_in_what_the_processor_is_fast_at(
    monkeypatch: pytest.MonkeyPatch, matrix_unit: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: matrix_unit)
    encoder = ClipEncoder(SMALL)
    assert {buffer.dtype for name, buffer in encoder.named_buffers() if name.endswith(".weight")} == {dtype}
    assert all(tokens.dtype == torch.float32 for tokens in _tokens(filled(encoder), torch.randn(1, 3, 224, 224)))


def test_a_block_attends_and_feeds_forward_around_its_input() -> None:
    block = filled(Block(64, 2, torch.float32))
    tokens = torch.randn(1, 5, 64)
    normed = block.attention_norm(tokens)
    query, key, value = block.query_key_value(normed).chunk(3, dim=2)
    heads = []
    for head in (slice(0, 32), slice(32, 64)):
        weights = torch.softmax(query[..., head] @ key[..., head].transpose(1, 2) / 32**0.5, dim=2)
        heads.append(weights @ value[..., head])
    attended = tokens + block.attention_out(torch.cat(heads, dim=2))
    inner = block.feed_in(block.feed_norm(attended))
    expected = attended + block.feed_out(inner * torch.sigmoid(1.702 * inner))
    torch.testing.assert_close(block(tokens), expected)
    torch.testing.assert_close(block(tokens, only_class=True), expected[:, :1])


def test_where_a_patch_lies_matters() -> None:
    encoder = filled(ClipEncoder(SMALL))
    image = torch.randn(1, 3, 224, 224) / 30
    moved = image.roll(16, dims=3)
    assert not torch.allclose(_tokens(encoder, image)[-1], _tokens(encoder, moved)[-1], atol=1e-2)


@torch.inference_mode()
def test_no_feature_counts_without_limit() -> None:
    network = ClipFaceClassifier(SMALL).eval()
    nn.init.ones_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    network.get_buffer("spread").fill_(1e-3)
    assert network.head.in_features == 128
    torch.testing.assert_close(network.classify(torch.ones(1, 128)), torch.tensor([128 * FURTHEST]))


def test_the_config_of_the_manifest_builds_the_network() -> None:
    config = {"width": 64, "heads": 2, "blocks": 3, "pooled": [2, 3], "resnet_weight": 0.5}
    assert build_clip_face_classifier(config).config == SMALL
    assert build_clip_face_classifier({}).config == ClipEncoderConfig()
