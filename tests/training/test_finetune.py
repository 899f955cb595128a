"""The shipped visual network is tuned on a few clips of one's own, into a weights folder that a detector can load."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from branches.media import MediaReader
from fusion.loading import VISUAL_FILE
from models.face_classifier import build_face_classifier
from models.store import WEIGHTS_DIR, ModelStore
from tests.training.datasets.made import entry, people
from training.finetune.crops import CropSet, read_crops
from training.finetune.fit import fit, parts_of
from training.recipe import Recipe, read_recipe


def _recipe(folder: Path, **options: object) -> Recipe:
    path = folder / "mine.toml"
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in options.items()]
    path.write_text("\n".join(['task = "finetune"', "seed = 3", "[options]", *lines]) + "\n")
    (folder / "runs" / "mine").mkdir(parents=True, exist_ok=True)
    return read_recipe(path, folder, folder / "runs" / "mine")


def test_a_few_clips_tune_a_copy_of_the_weights(face_clip: Path, mute_face_clip: Path, tmp_path: Path) -> None:
    for name, clip in {"r0": face_clip, "r1": mute_face_clip, "f0": mute_face_clip, "f1": face_clip}.items():
        shutil.copy(clip, tmp_path / f"{name}.mp4")
    rows = ["r0.mp4,real,train", "f0.mp4,fake,train", "r1.mp4,real,dev", "f1.mp4,fake,dev", "gone.mp4,fake,dev"]
    (tmp_path / "clips.csv").write_text("\n".join(["file,label,split", *rows]) + "\n")
    shipped = (WEIGHTS_DIR / VISUAL_FILE).read_bytes()
    options = {"crops_per_clip": 1, "batch": 2, "steps": 2, "head_only_steps": 2, "evaluate_every": 1, "device": "cpu"}
    recipe = _recipe(tmp_path, **options)
    torch.manual_seed(0)
    fit(recipe)

    tuned = ModelStore(recipe.run_dir / "weights").network(VISUAL_FILE, build_face_classifier).state_dict()
    before = ModelStore().network(VISUAL_FILE, build_face_classifier).state_dict()
    changed = {name for name in tuned if not torch.equal(tuned[name], before[name])}
    assert changed <= {"head.weight", "head.bias"}
    assert (WEIGHTS_DIR / VISUAL_FILE).read_bytes() == shipped
    with (recipe.run_dir / "log.csv").open(newline="") as log:
        assert [int(row["step"]) for row in csv.DictReader(log)] == [1, 2]
    fit(recipe)  # nothing is left to do: the checkpoint holds the last step
    with (recipe.run_dir / "log.csv").open(newline="") as log:
        assert len(list(csv.DictReader(log))) == 2


def test_a_manifest_without_parts_is_split_by_group() -> None:
    train, dev = parts_of([*people(20), entry("x.mp4", "unknown")], seed=0)
    assert len(train) + len(dev) == 60
    assert not {item.group for item in train} & {item.group for item in dev}
    marked = [entry("a.mp4", split="train"), entry("b.mp4", split="dev"), entry("c.mp4", split="test")]
    assert [[item.file for item in part] for part in parts_of(marked, seed=0)] == [["a.mp4"], ["b.mp4"]]


def test_clips_are_drawn_evenly_whatever_their_length() -> None:
    crops = np.zeros((11, 4, 4, 3), np.uint8)
    crops[10] = 255
    drawn = CropSet(crops, np.arange(11) == 10, np.array([0] * 10 + [1]))
    pictures, labels = drawn.draw(400, np.random.default_rng(0))
    assert labels.mean() == pytest.approx(0.5, abs=0.1)
    assert ((pictures.mean(axis=(1, 2, 3)) > 128) == labels.astype(bool)).all()
    assert drawn.clip_fake.tolist() == [False, True]


def test_one_class_is_not_enough(tmp_path: Path, media_reader: MediaReader) -> None:
    with pytest.raises(ValueError, match="both classes"):
        read_crops([entry("gone.mp4")], tmp_path, 2, media_reader, "train")
