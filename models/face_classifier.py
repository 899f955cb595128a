"""Face crops to a logit and an embedding: any backbone with a linear head."""

from typing import Any

from torch import Tensor, nn

from models.registry import build_backbone
from models.soft_maximum import soft_maximum


class FaceClassifier(nn.Module):
    """Scores single face crops, as forged as the most suspicious of its views finds them.

    Each view is a line through the embedding that looks for one sort of forgery: what gives a soft one away speaks
    for a crisp one, and a single line could only bargain between them.
    """

    def __init__(self, backbone: str, dropout: float = 0.3, views: int = 1) -> None:
        super().__init__()
        self.backbone = build_backbone(backbone)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.backbone.width, views)

    @property
    def width(self) -> int:
        """Width of the embedding."""
        return self.backbone.width

    def embed(self, images: Tensor) -> Tensor:
        """Normalised crops float32 `(N, 3, S, S)` to embeddings `(N, width)`."""
        embeddings: Tensor = self.backbone(images)
        return embeddings

    def look(self, embeddings: Tensor) -> Tensor:
        """Embeddings `(N, width)` to the logits of each view `(N, views)`."""
        logits: Tensor = self.head(self.dropout(embeddings))
        return logits

    def classify(self, embeddings: Tensor) -> Tensor:
        """Embeddings `(N, width)` to logits of being fake `(N,)`."""
        return soft_maximum(self.look(embeddings).T)

    def forward(self, images: Tensor) -> Tensor:
        """Crops `(N, 3, S, S)` to logits of being fake `(N,)`."""
        return self.classify(self.embed(images))


def build_face_classifier(config: dict[str, Any]) -> FaceClassifier:
    """Make an untrained classifier from its recorded config (`backbone`, `dropout`, `views`)."""
    return FaceClassifier(str(config["backbone"]), float(config.get("dropout", 0.3)), int(config.get("views", 1)))
