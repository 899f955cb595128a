"""Average the weights of runs that went on from one parent: better on new pages than either (compare model soups,
Wortsman et al. 2022, arXiv 2203.05482), at the cost of one network."""

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from models.face_classifier import FaceClassifier, build_face_classifier
from models.spec import ImageSpec
from training.loop import CsvLog
from training.publish import publish_network
from training.recipe import Recipe
from training.visual.batch_norm import fold
from training.visual.fit import DATA, DATA_ALL, FILE, last_metrics
from training.visual.held_out import HeldOutFaces


def fit(recipe: Recipe) -> None:
    """Average the runs `of`, measure the mean on held-out pages (or take the figures of another run), and publish."""
    options, runs = recipe.options, recipe.run_dir.parent
    config = {"backbone": options["backbone"], "dropout": options["dropout"]}
    network = average([load_run(runs / name, config) for name in options["of"]], config)
    if "figures_of" in options:
        metrics = last_metrics(runs / options["figures_of"])
    else:
        held_out = HeldOutFaces.load(recipe.data_dir, runs / "media", options["crops_per_clip"])
        metrics = held_out.metrics(network, ImageSpec())
        CsvLog(recipe.run_dir / "log.csv").write(step=0, loss="", **metrics)
    Console().print(metrics)
    provenance = recipe.provenance(DATA_ALL if options["all_pages"] else DATA)
    publish_network(network, FILE, role="visual", config=config, metrics=metrics, provenance=provenance)


def load_run(run_dir: Path, config: dict[str, object]) -> FaceClassifier:
    """The averaged weights of a run, its batch norms folded so that weights of runs can be added."""
    network = build_face_classifier(config)
    network.load_state_dict(torch.load(run_dir / "checkpoint.pt", map_location="cpu", weights_only=True)["average"])
    fold(network)
    return network.eval()


def average(networks: Sequence[FaceClassifier], config: dict[str, object]) -> FaceClassifier:
    """A network whose every weight is the mean of theirs."""
    states = [network.state_dict() for network in networks]
    mean = {name: torch.stack([state[name].double() for state in states]).mean(dim=0) for name in states[0]}
    network = build_face_classifier(config).eval()
    network.load_state_dict(mean)
    return network
