"""What can go wrong, as exceptions: one for every kind of answer that a caller may want to treat on its own."""

from typing import Final

import httpx

from service.contract.problems import ProblemDetails


class ClientError(Exception):
    """Something that the service said no to, or could not be reached for."""


class UnreachableError(ClientError):
    """No answer came, however often it was asked."""


class WaitedTooLongError(ClientError):
    """The analysis goes on, but the time given to `wait` is over."""


class RefusedError(ClientError):
    """A problem+json answer. `problem.code` is stable; `retry_after_s` is None where trying again is no use."""

    def __init__(self, problem: ProblemDetails, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem
        self.retry_after_s = retry_after_s


class NotFoundError(RefusedError):
    """There is no such analysis, or it is someone else's."""


class AccessError(RefusedError):
    """The API key is missing, unknown, or may not do this."""


class BusyError(RefusedError):
    """The queue is full, or a rate or quota is used up."""


class ConflictError(RefusedError):
    """The idempotency key came with another clip before."""


class AnalysisFailedError(RefusedError):
    """The analysis ended without a result, and says why."""


KINDS: Final[dict[int, type[RefusedError]]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
    429: BusyError,
}


def refusal_of(response: httpx.Response) -> RefusedError:
    """The exception for an answer that is no success."""
    try:
        problem = ProblemDetails.model_validate_json(response.content)
    except ValueError:
        problem = ProblemDetails.of("unavailable", f"an answer that is not of this service: {response.text[:200]}")
    after = response.headers.get("Retry-After", "")
    kind = KINDS.get(response.status_code, RefusedError)
    return kind(problem, float(after) if after.isdecimal() else None)
