"""What is deployed speaks of things that exist: metrics, settings, queues."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from service.cli import main
from service.settings import PREFIX, Settings
from service.telemetry.exposition import Snapshot, render
from service.telemetry.requests import RequestTelemetry, make_registry

ROOT = Path(__file__).parent.parent
DASHBOARD = ROOT / "deploy" / "grafana" / "vericlip.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
COMPOSE = ROOT / "docker-compose.yml"
SCRAPED_BY_ITSELF = {"up"}


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Names of all samples that `/metrics` can hold."""
    registry = make_registry()
    RequestTelemetry(_nothing, registry)
    empty = Snapshot(tallies={}, queues=[], workers=[], drained_per_minute=0.0, drift={}, drift_clips=0)
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    families = text_string_to_metric_families(render(empty, "1", registry).decode())
    return {family.name + suffix for family in families for suffix in suffixes[family.type]} | SCRAPED_BY_ITSELF


async def _nothing(*_: object) -> None:
    """An application that is never asked."""


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression, with where it stands."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield f"{DASHBOARD.name}: {panel['title']}", target["expr"]
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield f"{ALERTS.name}: {rule['alert']}", rule["expr"]


def metrics_in(expression: str) -> set[str]:
    """The names in it that are neither functions nor labels nor words of the language."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without)\s*\([^)]*\)', " ", expression)
    return set(re.findall(r"\b[a-z_:][a-z0-9_:]*\b(?!\s*\()", bare)) - {"and", "or", "unless"} - {"e9"}


@pytest.mark.parametrize(("place", "expression"), list(expressions()))
def test_every_metric_that_is_drawn_or_watched_exists(place: str, expression: str, known: set[str]) -> None:
    named = metrics_in(expression)
    assert named, place
    assert named <= known, place


def test_every_metric_of_ours_is_drawn(known: set[str]) -> None:
    drawn = {name for place, expression in expressions() if DASHBOARD.name in place for name in metrics_in(expression)}
    stems = {re.sub(r"_(bucket|count|sum)$", "", name) for name in drawn}
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in known if name.startswith("vericlip_")}
    assert ours <= stems


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    assert all({"summary", "action"} == set(rule["annotations"]) for rule in rules)
    assert all(rule["labels"]["severity"] in {"page", "ticket"} for rule in rules)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services of docker-compose.yml."""
    composed: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(COMPOSE.read_text())
    return composed["services"]


def test_containers_set_only_settings_that_there_are(services: dict[str, dict[str, Any]]) -> None:
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    for service in services.values():
        given = {name for name in service.get("environment", {}) if name.startswith(PREFIX)}
        assert given <= names


@pytest.mark.parametrize("name", ["api", "worker", "gpu-worker"])
def test_commands_of_containers_are_understood(name: str, services: dict[str, dict[str, Any]]) -> None:
    command = [*services[name]["command"], "--help"]
    assert CliRunner().invoke(main, command).exit_code == 0


def test_workers_are_stopped_no_sooner_than_they_hand_back(services: dict[str, dict[str, Any]]) -> None:
    grace_s = int(services["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace_s > Settings().shutdown_grace_s + 10


def test_nothing_is_published_beyond_this_machine(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
