"""Face crops to a logit and an embedding: any backbone with a linear head."""

from typing import Any

from torch import Tensor, nn

from models.registry import build_backbone


class FaceClassifier(nn.Module):
    """Scores single face crops."""

    def __init__(self, backbone: str, dropout: float = 0.3) -> None:
        super().__init__()
        self.backbone = build_backbone(backbone)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.backbone.width, 1)

    @property
    def width(self) -> int:
        """Width of the embedding."""
        return self.backbone.width

    def embed(self, images: Tensor) -> Tensor:
        """Normalised crops float32 `(N, 3, S, S)` to embeddings `(N, width)`."""
        embeddings: Tensor = self.backbone(images)
        return embeddings

    def classify(self, embeddings: Tensor) -> Tensor:
        """Embeddings `(N, width)` to logits of being fake `(N,)`."""
        logits: Tensor = self.head(self.dropout(embeddings))
        return logits.squeeze(1)

    def forward(self, images: Tensor) -> Tensor:
        """Crops `(N, 3, S, S)` to logits of being fake `(N,)`."""
        return self.classify(self.embed(images))


def build_face_classifier(config: dict[str, Any]) -> FaceClassifier:
    """Make an untrained classifier from its recorded config (`backbone`, `dropout`)."""
    return FaceClassifier(str(config["backbone"]), float(config.get("dropout", 0.3)))
