"""The description tells the truth: every answer has an example, and every example follows its schema."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from service.api.examples import BATCH, CANCELLED, COMPLETE, PAGE, QUEUED, RESULT, RUNNING
from service.api.routes.json_schemas import schema_of
from service.app import create_app
from service.contract.base import Contract
from service.contract.problems import MEDIA_TYPE
from service.contract.schemas import AnalysisPage, AnalysisStatus, BatchAnswer, Result
from service.settings import Settings

JSON = ("application/json", MEDIA_TYPE)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The OpenAPI document; no database is needed to write it."""
    return create_app(Settings(), "").openapi()


def answers(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each answer in JSON is described, and how."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    if kind in JSON:
                        yield f"{method} {path} {status}", content


def test_every_answer_has_an_example(described: dict[str, Any]) -> None:
    missing = [where for where, content in answers(described) if "example" not in content and "examples" not in content]
    assert missing == []


def test_every_example_follows_its_schema(described: dict[str, Any]) -> None:
    for where, content in answers(described):
        examples = [one["value"] for one in content.get("examples", {}).values()] + [
            content[name] for name in ("example",) if name in content
        ]
        if "schema" in content:
            schema = {**content["schema"], "components": described["components"]}
            validator = jsonschema_rs.validator_for(schema)
            for example in examples:
                assert validator.is_valid(example), where


def test_every_problem_is_described_as_a_problem(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == [MEDIA_TYPE], (method, path, status)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (Result, RESULT),
        (AnalysisStatus, QUEUED),
        (AnalysisStatus, RUNNING),
        (AnalysisStatus, COMPLETE),
        (AnalysisStatus, CANCELLED),
        (AnalysisPage, PAGE),
        (BatchAnswer, BATCH),
    ],
)
def test_examples_are_what_the_models_say(model: type[Contract], example: dict[str, Any]) -> None:
    model.model_validate(example)


@pytest.mark.parametrize(("name", "example"), [("result", RESULT), ("status", COMPLETE)])
def test_published_schemas_hold(name: str, example: dict[str, Any]) -> None:
    schema = schema_of(name)
    assert schema["$id"] == f"/schemas/{name}.json"
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for({key: value for key, value in schema.items() if key != "$id"})
    assert validator.is_valid(example)
    assert not validator.is_valid({**example, "confidence": 400, "percent": 400})
