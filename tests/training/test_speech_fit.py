"""The lines through speech encoder and bands, how they are joined, and the file that the encoder is read from."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from models.spec import AudioSpec
from models.speech_encoder import SpeechEncoder, SpeechEncoderConfig, build_speech_classifier
from training.audio.corpus import Corpus
from training.audio.data import SampleBank, Utterance
from training.audio.fit_bands import Joint
from training.audio.line import Examples, Line
from training.audio.pooled import pool_rows, set_head
from training.audio.whisper import PARTS, load_whisper, read_variables
from training.metrics import roc_auc

SMALL = {"width": 16, "heads": 2, "layers": 1, "pooled": [1]}


def test_the_layer_gives_what_the_line_gives() -> None:
    network = build_speech_classifier(SMALL)
    line = Line(np.linspace(-1, 1, 48), 0.5)
    set_head(network.head, line)
    pooled = np.random.default_rng(0).normal(size=(10, 48)).astype(np.float32)
    with torch.inference_mode():
        found = network.head(torch.from_numpy(pooled)).squeeze(1).numpy()
    assert found == pytest.approx(line.of(pooled), abs=1e-5)


def test_utterances_are_pooled_as_they_are_and_then_degraded_each_time_anew() -> None:
    network, rng = build_speech_classifier(SMALL).eval(), np.random.default_rng(0)
    speech = SampleBank.of([(0.1 * rng.normal(size=16_000)).astype(np.float32) for _ in range(2)])
    lengths: list[int] = []

    def pool(waveforms: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        lengths.extend(own.tolist())
        return network.pool(waveforms)

    pooled = pool_rows(pool, Corpus([], speech, {}), [1, 0], seed=2, copies=2)
    assert lengths[:2] == [16_000, 16_000]
    with torch.inference_mode():
        first = network.pool(AudioSpec().to_tensor(speech[1]))[0].numpy()
    assert pooled.shape == (6, 48)
    assert pooled[0] == pytest.approx(first, abs=1e-5)
    assert len(np.unique(pooled[::2], axis=0)) == 3


def test_an_encoder_is_filled_from_a_ctranslate2_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = SpeechEncoderConfig(width=16, heads=2, layers=1, pooled=(1,))
    source, target = SpeechEncoder(config).half().float(), SpeechEncoder(config)
    (tmp_path / "model.bin").write_bytes(ctranslate2_file(source))
    load_whisper(target, tmp_path)
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


def test_another_version_of_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match="version 5"):
        list(read_variables(io.BytesIO(struct.pack("<I", 5))))


def test_two_views_are_joined_on_one_scale_and_calibrated() -> None:
    rng = np.random.default_rng(0)
    spoof = rng.random(400) < 0.5
    speech, bands = 3 * (spoof + rng.normal(size=400)), 0.2 * (spoof + rng.normal(size=400))
    utterances = [Utterance(f"{place}.ogg", bool(label), "x", "y", "train", "") for place, label in enumerate(spoof)]
    examples = Examples.of(utterances, np.zeros((400, 1), np.float32))
    joint = Joint.fit(speech, bands, examples)
    assert joint.speech_weight * speech.std() == pytest.approx(joint.bands_weight * bands.std())
    scores = joint.scores(speech, bands)
    assert roc_auc(spoof, scores) > max(roc_auc(spoof, speech), roc_auc(spoof, bands))
    assert float((1 / (1 + np.exp(-scores))).mean()) == pytest.approx(0.5, abs=0.02)
    line = Line(np.array([2.0]), 1.0)
    assert joint.over(line).of(np.ones((1, 1)))[0] == pytest.approx(joint.bands_weight * 3 + joint.offset)


def ctranslate2_file(encoder: SpeechEncoder) -> bytes:
    """The encoder's weights, and a number of another type, as CTranslate2 writes them."""
    variables = [(f"encoder/{original(name)}", value) for name, value in encoder.state_dict().items()]
    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(variables) + 1)]
    parts += [text("encoder/num_heads"), struct.pack("<BBIh", 0, 2, 2, 2)]
    for name, value in variables:
        content = value.half().numpy().tobytes()
        shape = struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        parts += [text(name), shape, struct.pack("<BI", 4, len(content)), content]
    return b"".join(parts)


def original(name: str) -> str:
    """What CTranslate2 calls a parameter of ours."""
    if name.startswith("layers."):
        number, _, rest = name.removeprefix("layers.").partition(".")
        part, _, kind = rest.rpartition(".")
        old = next(key for key, value in PARTS.items() if value == part)
        kind = {"weight": "gamma", "bias": "beta"}[kind] if "norm" in part else kind
        return f"layer_{number}/{old}/{kind}"
    return name.replace("first.", "conv1/").replace("second.", "conv2/")


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"
