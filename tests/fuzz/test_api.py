"""Requests made up from the API's own description: none breaks the service, and each answer is as described."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import (
    CheckFunction,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import create_app
from service.settings import Settings
from tests.service.running import RunningService

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NOT_HTTP = (400, "Invalid HTTP request received.")
"""As for a Content-Length that is no number."""

PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

description = schemathesis.openapi.from_dict(create_app(Settings(), "").openapi())


@pytest.fixture(scope="module")
def open_service() -> Iterator[RunningService]:
    """A service that takes whatever comes, and has nobody to analyse it."""
    with TemporaryDirectory(prefix="vericlip-", ignore_cleanup_errors=True) as folder:
        options = {"workers": 0, "max_upload_bytes": 100_000, "max_queue": 100_000, "min_free_bytes": 0}
        with RunningService(Path(folder), **options) as running:
            yield running


def try_out(case: schemathesis.Case, service: RunningService) -> None:
    """Send a made-up request as it is, and once more about an analysis that there is."""
    base = str(service.http.base_url)
    # Nobody analyses here, so this service rightly says that it is not ready.
    checks = [check for check in CHECKS if case.path != "/readyz" or check is not not_a_server_error]
    ask(case, base, checks)
    if "analysis_id" in case.path_parameters:
        # Cancelled, so that its stream of events has an end.
        analysis_id = service.submit(b"clip")
        service.http.delete(f"/analyze/{analysis_id}")
        case.path_parameters["analysis_id"] = analysis_id
        ask(case, base, CHECKS)


def ask(case: schemathesis.Case, base: str, checks: list[CheckFunction]) -> None:
    """Send it, and hold the answer to its description; what is not even HTTP the server refuses on its own."""
    response = case.call(base_url=base, timeout=60)
    if (response.status_code, response.text) != NOT_HTTP:
        case.validate_response(response, checks=checks)


@description.parametrize()
@settings(max_examples=4, derandomize=True, phases=[Phase.generate], suppress_health_check=PATIENT)
def test_a_few_requests(case: schemathesis.Case, open_service: RunningService) -> None:
    try_out(case, open_service)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@description.parametrize()
@settings(max_examples=200, suppress_health_check=PATIENT)
def test_many_requests(case: schemathesis.Case, open_service: RunningService) -> None:
    try_out(case, open_service)
