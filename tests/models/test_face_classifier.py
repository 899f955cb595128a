"""The visual network: backbone, embedding and head."""

import torch

from models.face_classifier import build_face_classifier


def test_forward_is_classification_of_the_embedding() -> None:
    network = build_face_classifier({"backbone": "mobilenet_v3_small"}).eval()
    pictures = torch.rand(3, 3, 224, 224)
    with torch.inference_mode():
        embedded = network.embed(pictures)
        logits = network(pictures)
        assert embedded.shape == (3, network.width)
        assert logits.shape == (3,)
        assert torch.equal(logits, network.classify(embedded))


def test_resnet18_is_pooled_by_mean_and_maximum() -> None:
    network = build_face_classifier({"backbone": "resnet18"}).eval()
    with torch.inference_mode():
        embedded = network.embed(torch.rand(1, 3, 224, 224))[0]
    mean, most = embedded.chunk(2)
    assert (most >= mean).all()
