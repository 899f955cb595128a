"""A recipe is a TOML file that says what to train, on what, with which seed: enough to make a weight file again."""

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

TASKS: Final = {
    "visual": "training.visual.fit",
    "visual_average": "training.visual.average",
    "clip": "training.visual.clip_view",
    "temporal": "training.temporal.fit",
    "film": "training.temporal.fit_film",
    "gate": "training.gate.fit",
    "audio": "training.audio.fit",
    "speech": "training.audio.fit_speech",
    "bands": "training.audio.fit_bands",
    "sync": "training.sync.fit",
    "finetune": "training.finetune.fit",
}
"""Task name to the module whose `fit(recipe)` makes the weights and publishes them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training: `options` are the task's own, `data_dir` the data pack, `run_dir` checkpoints and logs."""

    path: Path
    task: str
    seed: int
    data_dir: Path
    run_dir: Path
    options: dict[str, Any]

    def provenance(self, data: str) -> dict[str, Any]:
        """What the manifest records of this training; `data` describes the examples in words."""
        command = f"vericlip train training/recipes/{self.path.name}"
        return {"command": command, "seed": self.seed, "data": data, "torch": torch.__version__, **self.options}


def read_recipe(path: Path, data_dir: Path, run_dir: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ValueError: it names no known task.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    task = content.get("task")
    if task not in TASKS:
        raise ValueError(f"{path}: task must be one of {', '.join(TASKS)}, not {task!r}")
    return Recipe(path, task, int(content.get("seed", 0)), data_dir, run_dir, dict(content.get("options", {})))


def run_recipe(recipe: Recipe) -> None:
    """Seed everything and train."""
    random.seed(recipe.seed)
    np.random.seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    recipe.run_dir.mkdir(parents=True, exist_ok=True)
    fit: Callable[[Recipe], None] = import_module(TASKS[recipe.task]).fit
    fit(recipe)
