"""The OpenAPI document's words for the whole."""

from typing import Final

from fastapi import FastAPI

_DESCRIPTION: Final = """\
The public API of Longship: orders, customers and products.

**Tokens.** Every request carries `Authorization: Bearer <JWT>`. A customer's token sees and
orders for its own `customer_id` only, and what belongs to others is answered 404 as if it did not
exist; the scope `staff` sees all.

**Time.** A request may carry `X-Request-Timeout-Ms`, the milliseconds that its client waits;
where that is less than the gateway's own limit, it holds for all services together. What is not
done by then is answered 504, or is missing from an answer of several parts.

**Errors** are problems (RFC 9457). `service-timeout` (504), `service-unavailable`, `circuit-open`
and `service-overloaded` (503), and `service-unreadable` (502) say how a service behind the
gateway failed.

**Reading your own writes.** The `X-Consistency-Token` of a write's answer, sent with a read of
the history, makes the read include the write, or be answered 202 with `Retry-After`.

**Limits.** Each subject and each address may ask so often; `RateLimit` says what is left, and 429
with `Retry-After` when to come back.
"""


def describe(app: FastAPI) -> None:
    app.title = "Longship"
    app.description = _DESCRIPTION
