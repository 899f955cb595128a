"""Every registered backbone keeps the same contract."""

import pytest
import torch

from models.registry import backbone, backbone_names, build_backbone

NAMES = backbone_names()


def test_the_named_architectures_are_there() -> None:
    assert {"resnet18", "mobilenet_v3_small", "efficientnet_b0", "swin_t"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_embeds_pictures_to_its_width(name: str) -> None:
    network = build_backbone(name).eval()
    with torch.inference_mode():
        embedded = network(torch.rand(2, 3, 224, 224))
    assert embedded.shape == (2, network.width)
    assert torch.isfinite(embedded).all()


@pytest.mark.parametrize("name", NAMES)
def test_is_deterministic_and_scores_pictures_independently(name: str) -> None:
    torch.manual_seed(0)
    network = build_backbone(name).eval()
    pictures = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        together, again, alone = network(pictures), network(pictures), network(pictures[1:])
    assert torch.equal(together, again)
    torch.testing.assert_close(together[1:], alone, rtol=1e-3, atol=1e-4)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="resnet18"):
        build_backbone("resnet1")


def test_a_name_cannot_be_taken_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        backbone("resnet18")(lambda: build_backbone("resnet18"))
