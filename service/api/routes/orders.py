"""What may be asked for with a clip: in the query, in fields of the form, and in headers."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.api.context import Context
from service.contract.problems import ProblemError
from service.jobs.submission import Order
from service.webhooks.address import MAX_URL, AddressRefusedError, check_literal, parse_networks, parse_url

Scan = Literal["windows", "full"]
Priority = Literal["normal", "low"]

SCAN: Final = "`windows` looks at parts spread over a long clip, `full` at every second of it."
PRIORITY: Final = "`low` waits until no clip of normal priority does."
CALLBACK: Final = "Where the outcome is posted to, signed, once the analysis has ended; the operator has to allow it."
FRESH: Final = "Analyse anew, even if the same clip was analysed before."
IDEMPOTENCY: Final = "Repeat a request with the same key: the analysis is the same; for another clip it is a conflict."


class OrderFields(BaseModel):
    """The fields that a form or a query may hold; others are passed over."""

    model_config = ConfigDict(frozen=True)

    scan: Scan = Field(default="windows", description=SCAN)
    priority: Priority = Field(default="normal", description=PRIORITY)
    callback_url: str | None = Field(default=None, max_length=MAX_URL, description=CALLBACK)
    fresh: bool = Field(default=False, description=FRESH)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known before the body is read: fields of the query, and the Idempotency-Key."""

    query: dict[str, Any]
    idempotency_key: str | None

    def order(self, given: Context, form: dict[str, str] | None = None) -> Order:
        """All that is asked for; the query goes before the form.

        Raises:
            ProblemError: `invalid_request` or `callback_refused`.
        """
        try:
            fields = OrderFields.model_validate({**(form or {}), **self.query})
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            raise ProblemError("invalid_request", "; ".join(faults)) from None
        if fields.callback_url is not None:
            _check_callback(given, fields.callback_url)
        return Order(**fields.model_dump(), idempotency_key=self.idempotency_key)

    def anew(self, scan: str) -> "Asked":
        """For a rerun: never answered by an earlier analysis, and with its `scan` unless the query names one."""
        return replace(self, query={"scan": scan, **self.query, "fresh": True})

    def numbered(self, number: int) -> "Asked":
        """For one of several clips of a request: each has an Idempotency-Key of its own."""
        key = self.idempotency_key
        return self if key is None else replace(self, idempotency_key=f"{key}#{number}")


async def _asked(
    scan: Annotated[Scan | None, Query(description=SCAN)] = None,
    priority: Annotated[Priority | None, Query(description=PRIORITY)] = None,
    callback_url: Annotated[str | None, Query(max_length=MAX_URL, description=CALLBACK)] = None,
    fresh: Annotated[bool | None, Query(description=FRESH)] = None,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description=IDEMPOTENCY)
    ] = None,
) -> Asked:
    query = {"scan": scan, "priority": priority, "callback_url": callback_url, "fresh": fresh}
    return Asked({name: value for name, value in query.items() if value is not None}, idempotency_key)


AskedFor = Annotated[Asked, Depends(_asked)]


def _check_callback(given: Context, url: str) -> None:
    settings = given.settings
    if settings.webhook_secret is None:
        raise ProblemError("callback_refused", "This service makes no callbacks; poll /status, or follow its events.")
    try:
        check_literal(parse_url(url), parse_networks(settings.webhook_allowed_networks))
    except AddressRefusedError as error:
        raise ProblemError("callback_refused", f"callback_url: {error}") from None
