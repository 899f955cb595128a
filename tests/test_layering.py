"""The tree holds together: imports run strictly downward, and media is resampled in one place only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "models": set(),
    "branches": {"models"},
    "fusion": {"branches", "models"},
    "training": {"fusion", "branches", "models"},
    "service": {"fusion", "branches", "models"},
}
SERVICE = (
    "logs", "contract", "telemetry", "media", "evidence", "inference", "settings", "database", "access", "jobs",
    "webhooks", "report", "workers", "api", "app", "supervisor", "commands", "client", "cli",
)  # fmt: skip
"""What `service` consists of, from the bottom up: each part imports from those before it only."""

RESAMPLERS = {
    "resize", "warpAffine", "warpPerspective", "remap", "pyrDown", "pyrUp", "interpolate", "grid_sample", "resample",
    "Resample", "Resize", "Normalize", "normalize", "normalise",
}  # fmt: skip
PREPROCESSORS = ("models/spec.py", "branches/media/")


def _files(package: str) -> Iterator[Path]:
    yield from sorted((ROOT / package).rglob("*.py"))


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_downward(package: str) -> None:
    above = set(MAY_IMPORT) - MAY_IMPORT[package] - {package}
    wrong = {str(path.relative_to(ROOT)): _imported(path) & above for path in _files(package)}
    assert not {path: found for path, found in wrong.items() if found}


def _imported_parts(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in nodes if node.module == "service" for alias in node.names}
    return names | {node.module.split(".")[1] for node in nodes if (node.module or "").startswith("service.")}


@pytest.mark.parametrize("part", SERVICE)
def test_parts_of_the_service_import_from_those_below(part: str) -> None:
    above = set(SERVICE[SERVICE.index(part) + 1 :])
    paths = [ROOT / "service" / f"{part}.py", *_files(f"service/{part}")]
    wrong = {str(path.relative_to(ROOT)): _imported_parts(path) & above for path in paths if path.is_file()}
    assert not {path: found for path, found in wrong.items() if found}


def test_every_part_of_the_service_has_its_place() -> None:
    parts = {path.relative_to(ROOT / "service").parts[0].removesuffix(".py") for path in _files("service")}
    assert parts - {"__init__", "web"} == set(SERVICE)


def _calls(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        func.attr if isinstance(func, ast.Attribute) else func.id
        for func in called
        if isinstance(func, ast.Attribute | ast.Name) and not _is_about_text(func)
    }


def _is_about_text(func: ast.expr) -> bool:
    return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "unicodedata"


@pytest.mark.parametrize("package", ["models", "branches", "fusion", "service"])
def test_only_the_media_layer_and_the_specs_resample_or_normalise(package: str) -> None:
    """Training augments on purpose; whatever serves must go through the one preprocessing path."""
    elsewhere = [path for path in _files(package) if not path.relative_to(ROOT).as_posix().startswith(PREPROCESSORS)]
    wrong = {str(path.relative_to(ROOT)): _calls(path) & RESAMPLERS for path in elsewhere}
    assert not {path: found for path, found in wrong.items() if found}


def test_the_check_would_find_a_resampler() -> None:
    assert "resize" in _calls(ROOT / "branches" / "media" / "crops.py")
