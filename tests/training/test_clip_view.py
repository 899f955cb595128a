"""The face's second view: CLIP's own weights in, a line through pairs on top, joined with ResNet-18."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from branches.faces import first_of_bursts
from branches.types import Media
from branches.visual import looked_at, probabilities, summarise
from models.clip_encoder import ClipEncoder, ClipFaceClassifier
from models.packed_linear import PackedLinear
from tests.models.clip import SMALL, filled
from tests.training.bank import drawn_bank, drawn_face
from tests.training.test_shown import shown_pictures
from training.clips import ClipRow
from training.recipe import Recipe
from training.visual import clip_tokens, levelling
from training.visual.clip_encoder import LAYERS, NORMS, fill
from training.visual.clip_lines import Joint, Teaching, TokenLine, published_left_out
from training.visual.clip_tokens import SeenClip, embed_pairs, see_stills
from training.visual.clip_view import write_left_out
from training.visual.levelling import NOT_LEVELLED, SPOILING, Level, see_spoilt

WIDTH = SMALL.width * len(SMALL.pooled)


def _pairs(count: int = 400) -> NDArray[np.float32]:
    """Tokens of pairs: the first feature tells forgeries, the others tell pairs apart."""
    rng = np.random.default_rng(0)
    pairs = np.repeat(rng.normal(0, 1, (count, 1, WIDTH)), 2, axis=1) + rng.normal(0, 0.1, (count, 2, WIDTH))
    pairs[..., 0] = rng.normal(0, 1, (count, 2)) + np.array([0, 2])
    return pairs.astype(np.float32)


def _row(number: int, label: str) -> ClipRow:
    maker = "maker" if label == "fake" else "none"
    return ClipRow(Path(f"data/clips/{number}.mp4"), label, maker, "page", f"person {number}", label, "none")


def _clips(media: Media, count: int = 40) -> list[SeenClip]:
    """Clips that tokens tell fairly well, and ResNet-18 less well."""
    rng = np.random.default_rng(1)
    faces = first_of_bursts(media.faces)
    seen = []
    for number in range(count):
        fake = number % 2
        tokens = rng.normal(0, 1, (len(looked_at(faces)), WIDTH)).astype(np.float32)
        tokens[:, 0] += 2 * fake
        resnet = rng.normal(5, 1, len(faces)) + rng.normal(fake, 1)
        seen.append(SeenClip(_row(number, "fake" if fake else "real"), faces, resnet, tokens, tokens[:0]))
    return seen


def test_the_line_finds_what_tells_and_the_network_carries_it() -> None:
    line = TokenLine.fit(_pairs(), strength=0.1)
    assert np.abs(line.weight).argmax() == 0
    assert line.weight[0] > 0
    network = ClipFaceClassifier(SMALL).eval()
    line.write(network, scale=2.0, offset=-1.0)
    tokens = 10 * _pairs(5)[:, 0]
    with torch.inference_mode():
        logits = network.classify(torch.from_numpy(tokens)).numpy()
    np.testing.assert_allclose(logits, 2 * line.of(tokens) - 1, rtol=1e-4, atol=1e-4)


TEACHING = Teaching(strength=0.1, copies_share=0.25, one_class_share=0.25, stills_share=0.5)


def test_published_pictures_teach_what_tells_within_pages() -> None:
    features, shown = shown_pictures(WIDTH)
    tokens, scale = features[None], TokenLine.fit(_pairs(), strength=0.1)
    line = scale.fit_published(tokens, shown, TEACHING)
    assert line.weight[0] == np.abs(line.weight).max()
    assert abs(line.weight[1]) < 0.3 * line.weight[0]
    stills_alone = scale.fit_published(tokens, shown, replace(TEACHING, stills_share=50.0))
    assert not np.allclose(line.weight, stills_alone.weight)


def test_spoilt_copies_teach_what_does_not_count() -> None:
    features, shown = shown_pictures(WIDTH)
    features[:, 2] += 1.5 * shown.forged
    spoilt = features - 3 * np.eye(WIDTH, dtype=np.float32)[2]
    tokens, scale = np.stack([features, spoilt]), TokenLine.fit(_pairs(), strength=0.1)
    trusting, wary = (scale.fit_published(tokens, shown, replace(TEACHING, copies_share=share)) for share in (0.0, 0.5))
    assert trusting.weight[2] > 0.7 * trusting.weight[0]
    assert wary.weight[2] < 0.5 * wary.weight[0]


def test_a_clip_left_out_is_judged_by_what_other_pages_people_and_makers_show() -> None:
    features, shown = shown_pictures(WIDTH)
    tokens, scale = features[None], TokenLine.fit(_pairs(), strength=0.1)
    lines = published_left_out(scale, tokens, shown, TEACHING)
    assert len(lines) == shown.held_out.sum()
    place = int(np.flatnonzero(shown.forged)[0])
    kept = shown.unlike((shown.page == shown.page[place]) & (shown.kind == shown.kind[place]))
    expected = scale.fit_published(tokens[:, kept], shown.where(kept), TEACHING)
    np.testing.assert_array_equal(lines[place].weight, expected.weight)


def test_a_levelled_line_hardly_minds_what_spoiling_does() -> None:
    """The first feature tells forgeries; blur lowers it with the second, noise raises the third."""
    features, shown = shown_pictures(WIDTH)
    unit = np.eye(WIDTH, dtype=np.float32)
    moves = np.stack([0 * unit[0], -2 * unit[0] - 4 * unit[1], 3 * unit[2]])
    spoilt = (_pairs(30)[:, 0] + moves[:, None]).astype(np.float32)
    plain, levelled = (TokenLine.fit(_pairs(), 0.1, [spoilt], share) for share in (0.0, 1.0))
    shifts = [
        [np.abs((line.of(copy) - line.of(spoilt[0])).mean()) for copy in spoilt[1:]]
        for line in (plain, levelled, levelled.fit_published(features[None], shown, TEACHING))
    ]
    assert max(shifts[0]) > 1
    assert max(*shifts[1], *shifts[2]) < 1e-3
    tokens = _pairs()
    assert (levelled.of(tokens[:, 1]) > levelled.of(tokens[:, 0])).mean() > 0.75


def test_a_share_is_taken_out_along_the_directions_and_nothing_else() -> None:
    spoilt = np.zeros((3, 4, 5))
    spoilt[1, :, 0], spoilt[2, :, 3] = 2.0, -7.0
    features = np.arange(10.0).reshape(2, 5)
    left = Level.of([spoilt], 0.75)(features)
    np.testing.assert_allclose(left[:, [0, 3]], features[:, [0, 3]] / 4, atol=1e-12)
    np.testing.assert_allclose(left[:, [1, 2, 4]], features[:, [1, 2, 4]], atol=1e-12)
    np.testing.assert_array_equal(NOT_LEVELLED(features), features)
    other = np.zeros((2, 2, 5))
    other[1, :, 4] = 1.0
    np.testing.assert_allclose(Level.of([spoilt, other], 1.0)(features)[:, [0, 3, 4]], 0, atol=1e-12)


def test_clips_are_spoilt_and_seen_once(
    face_clip: Path, no_face_clip: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [replace(_row(0, "real"), path=path, source=page) for path, page in (
        (face_clip, "page"), (no_face_clip, "page"), (face_clip, "NVlabs/eg3d"))]  # fmt: skip
    monkeypatch.setattr(levelling, "read_clips", lambda _manifest: rows)
    network = filled(ClipFaceClassifier(SMALL))
    tokens = see_spoilt(recipe, network, 8, held_out=False)
    assert tokens.shape == (1 + len(SPOILING), 1, WIDTH)
    assert len(np.unique(tokens[:, 0], axis=0)) == 1 + len(SPOILING)
    monkeypatch.setattr(levelling, "embed", lambda *_: pytest.fail("embedded again"))
    np.testing.assert_array_equal(see_spoilt(recipe, network, 8, held_out=False), tokens)


def test_two_lines_add_up() -> None:
    scale = TokenLine.fit(_pairs(), strength=0.1)
    other, tokens = replace(scale, weight=scale.weight[::-1].copy(), bias=0.3), _pairs(3)[:, 0]
    np.testing.assert_allclose(scale.plus(other, 0.5).of(tokens), scale.of(tokens) + 0.5 * other.of(tokens))


def test_an_encoder_takes_weights_by_their_published_names() -> None:
    torch.manual_seed(0)
    found = {
        "embeddings.patch_embedding.weight": torch.randn(64, 3, 16, 16) / 30,
        "embeddings.class_embedding": torch.randn(64),
        "embeddings.position_embedding.weight": torch.randn(197, 64),
        **{f"pre_layrnorm.{kind}": torch.rand(64) for kind in ("weight", "bias")},
    }
    for block in range(SMALL.blocks):
        for norm in NORMS.values():
            found |= {f"{block}.{norm}.{kind}": torch.rand(64) for kind in ("weight", "bias")}
        for name in sum(LAYERS.values(), ()):
            outputs, inputs = (256, 64) if name == "mlp.fc1" else (64, 256) if name == "mlp.fc2" else (64, 64)
            found |= {
                f"{block}.{name}.weight": torch.randn(outputs, inputs) / 8,
                f"{block}.{name}.bias": torch.rand(outputs),
            }
    encoder = ClipEncoder(SMALL).eval()
    fill(encoder, torch.randn(4, 3, 224, 224), found)
    block = encoder.blocks[1]
    assert torch.equal(block.get_submodule("feed_norm").state_dict()["weight"], found["1.layer_norm2.weight"])
    for own, names in LAYERS.items():
        layer = block.get_submodule(own)
        assert isinstance(layer, PackedLinear)
        exact = torch.cat([found[f"1.{name}.weight"] for name in names])
        noise = (layer.get_buffer("weight").float() - exact).square().mean() / exact.square().mean()
        assert 0 < noise < 0.01
        assert torch.equal(layer.get_buffer("bias"), torch.cat([found[f"1.{name}.bias"] for name in names]))


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setattr(clip_tokens, "load_bank", lambda _folder, _kept, held_out: drawn_bank()[8 * held_out :])
    monkeypatch.setattr(clip_tokens, "load_twins", lambda _bank, _folder: [])
    monkeypatch.setattr(clip_tokens, "load_autoencoders", lambda _images, _folder: [])
    monkeypatch.setattr(clip_tokens, "CHUNK", 2)
    options = {
        "restored_share": 0.0,
        "kinds": {"swap": 1.0},
        "gentle_share": 0.5,
        "matched_share": 0.25,
        "workers": 1,
        "copies": 2,
    }
    return Recipe(tmp_path / "clip.toml", "clip", 3, tmp_path, tmp_path / "runs" / "clip", options)


def test_pairs_are_embedded_once_and_of_other_pages_apart(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    network = filled(ClipFaceClassifier(SMALL))
    found = embed_pairs(recipe, network, 3, held_out=False)
    assert found.shape == (3, 2, WIDTH)
    assert np.isfinite(found).all()
    assert (found[:, 0] != found[:, 1]).any(axis=1).all()
    others = embed_pairs(recipe, network, 3, held_out=True)
    assert not np.array_equal(found, others)
    monkeypatch.setattr(clip_tokens, "face_pairs", lambda *_args, **_named: pytest.fail("drawn again"))
    np.testing.assert_array_equal(embed_pairs(recipe, network, 3, held_out=False), found)


def test_stills_of_pages_that_show_both_classes_are_seen_once(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    two_classes = [drawn_face(11, moving=False), drawn_face(14, label="fake", moving=False)]
    others = [drawn_face(12, moving=False), drawn_face(15)]
    monkeypatch.setattr(clip_tokens, "load_bank", lambda _folder, _kept: [*others, *two_classes])
    recipe.run_dir.mkdir(parents=True)
    network = filled(ClipFaceClassifier(SMALL))
    faces, tokens = see_stills(recipe, network)
    assert faces == two_classes
    assert tokens.shape == (3, 2, WIDTH)
    assert len(np.unique(tokens.reshape(6, WIDTH), axis=0)) == 6
    monkeypatch.setattr(clip_tokens, "embed", lambda *_: pytest.fail("embedded again"))
    np.testing.assert_array_equal(see_stills(recipe, network)[1], tokens)


def test_faces_to_round_for_are_those_of_pairs(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_tokens, "ROUNDED_FOR", 2)
    first: Tensor = clip_tokens.faces_to_round_for(recipe)
    assert first.shape == (4, 3, 224, 224)
    assert torch.equal(first, clip_tokens.faces_to_round_for(recipe))


def test_all_views_are_weighed_by_their_spread_and_calibrated(face_media: Media) -> None:
    clips, pairs = _clips(face_media), TokenLine.fit(_pairs(), strength=0.1)
    second_feature = np.eye(WIDTH)[1]
    published = [replace(pairs, weight=second_feature * (1 + number % 2)) for number in range(len(clips))]
    joint = Joint.fit(clips, pairs, published, resnet_share=0.5, published_share=0.25)
    first = np.array([clip.resnet.mean() for clip in clips])
    second = np.array([clip.logits(pairs).mean() for clip in clips])
    third = np.array([clip.logits(line).mean() for clip, line in zip(clips, published, strict=True)])
    assert joint.resnet_weight * first.std() == pytest.approx(0.5 * joint.scale * second.std())
    assert joint.published_weight * third.std() == pytest.approx(0.25 * second.std())
    both = [joint.line(pairs, line) for line in published]
    logits = np.array([joint.of(clip, line).mean() for clip, line in zip(clips, both, strict=True)])
    expected = joint.resnet_weight * first + joint.scale * (second + joint.published_weight * third) + joint.offset
    np.testing.assert_allclose(logits, expected)
    fake = np.array([clip.row.label == "fake" for clip in clips])
    assert logits[fake].mean() > 0.5 > -0.5 > logits[~fake].mean()
    assert probabilities(logits).mean() == pytest.approx(0.5, abs=0.1)


def test_scores_are_written_as_fusion_reads_them(face_media: Media, tmp_path: Path) -> None:
    clips, line = _clips(face_media, 2), TokenLine.fit(_pairs(), strength=0.1)
    joint, lines = Joint(0.1, 0.0, 1.0, -1.0), [line, line.plus(line, 1.0)]
    write_left_out(tmp_path / "left_out.csv", Path("data"), clips, lines, joint)
    table = pd.read_csv(tmp_path / "left_out.csv").set_index("file")
    assert table.index.tolist() == ["clips/0.mp4", "clips/1.mp4"]
    expected = summarise(clips[1].faces, joint.of(clips[1], lines[1]))
    assert table.loc["clips/1.mp4"].to_dict() == pytest.approx(expected, abs=1e-5)
