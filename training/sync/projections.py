"""Find the directions in which mouths and voices move together (canonical correlation, Hotelling 1936, with a ridge).

On some hundred short clips this does as well as anything learnt by descent, and takes a second.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.av_sync import AvSync, Projection, shift_curve
from models.lip_encoder import DISTANCES
from training.sync.bank import Embedded, Series

Matrix = NDArray[np.float64]


class Projections(nn.Module):
    """Those of lips and voice into the shared space."""

    def __init__(self, network: AvSync) -> None:
        """Shaped as those of `network`, unfitted."""
        super().__init__()
        self.mouth = Projection(DISTANCES, network.config.width)
        self.voice = Projection(network.config.speech_width, network.config.width)

    def curves(self, mouth: Tensor, voice: Tensor) -> Tensor:
        """Likeness of encoded mouths and voices `(N, T, width)` at every shift `(N, 31)`, as in the network."""
        return shift_curve(self.mouth(mouth), self.voice(voice), edges=AvSync.edges)


def fit_projections(network: AvSync, bank: Sequence[Embedded], ridge: float, directions: int) -> Projections:
    """Projections for a network shaped as this one; voices are looked at in their `directions` strongest directions."""
    edge = max(AvSync.edges.mouth, AvSync.edges.voice)
    mouths, voices = zip(*(pair for clip in bank for pair in _moving(clip, edge)), strict=True)
    mouth, voice = np.concatenate(mouths), np.concatenate(voices)
    strongest = np.linalg.eigh(voice.T @ voice)[1][:, ::-1][:, :directions]
    voice = voice @ strongest
    level = [float(np.sqrt(np.mean(series**2))) for series in (mouth, voice)]
    mouth, voice = mouth / level[0], voice / level[1]
    whiten = [_whitening(series, ridge) for series in (mouth, voice)]
    left, strength, right = np.linalg.svd(whiten[0].T @ (mouth.T @ voice / len(mouth)) @ whiten[1])
    found, width = Projections(network).eval().requires_grad_(False), network.config.width
    weight = np.sqrt(strength[:width])
    found.mouth.weight.copy_(torch.from_numpy((whiten[0] @ left[:, :width] * weight / level[0]).T))
    found.voice.weight.copy_(torch.from_numpy((strongest @ whiten[1] @ right[:width].T * weight / level[1]).T))
    return found


def stack(series: Sequence[Series]) -> Tensor:
    """Embeddings of one length as float32 `(N, T, width)`."""
    return torch.from_numpy(np.stack(series)).float()


def _moving(clip: Embedded, edge: int) -> list[tuple[Matrix, Matrix]]:
    """Each version of the clip's voice with a version of its mouth, clean frames only, less their means."""
    inner = slice(edge, clip.frames - edge)
    mouths = [clip.mouths[turn % len(clip.mouths)] for turn in range(len(clip.voices))]
    return [(_centred(mouth[inner]), _centred(voice[inner])) for mouth, voice in zip(mouths, clip.voices, strict=True)]


def _centred(series: Series) -> Matrix:
    exact = series.astype(np.float64)
    centred: Matrix = exact - exact.mean(axis=0)
    return centred


def _whitening(series: Matrix, ridge: float) -> Matrix:
    covariance = series.T @ series / len(series) + ridge * np.eye(series.shape[1])
    whitening: Matrix = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return whitening
