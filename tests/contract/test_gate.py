"""What the compatibility gate says to changes of this platform's own contracts."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, create_model

from chassis.messaging import asyncapi
from chassis.messaging import headers as h
from chassis.messaging.catalogue import Catalogue, Spoken, catalogue_of
from chassis.messaging.contracts import Command, Message
from chassis.messaging.gate import Baseline, Break, Platform, find_breaks
from chassis.messaging.released import contracts_of
from chassis.messaging.topology import Stream, commands, events
from chassis.values import Reference
from customer_service.messaging import contracts as customer
from devkit.deployables import (
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
    THE_SHOP,
    with_messaging,
)
from inventory_service.messaging import contracts as inventory
from order_history_service.messaging import subscriptions as history
from order_service.messaging import contracts as order

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "compatibility-gate.md"

CATALOGUES = {
    one.name: catalogue_of(one.package) for one in with_messaging() if one.name in THE_SHOP
}
NOW: Platform = {name: contracts_of(one) for name, one in CATALOGUES.items()}

Changed = Mapping[str, Catalogue]


def declared_again(
    message: type[Message], *, without: tuple[str, ...] = (), called: str = "", **fields: Any
) -> type[Message]:
    """The message as it would be with other fields, or as another version."""
    kept = {
        name: (field.rebuild_annotation(), field)
        for name, field in message.model_fields.items()
        if name not in (*without, *fields)
    }
    wire_type = called or message.wire_type
    return create_model(
        message.__name__,
        __base__=message.__mro__[-len(Message.__mro__) - 1],
        __doc__=message.__doc__,
        __cls_kwargs__={"type": wire_type, "key": message.key_field},
        **(kept | fields),
    )  # type: ignore[call-overload, no-any-return]


def with_messages(service: str, *messages: type[Message]) -> Changed:
    """The service's catalogue with messages that replace others, or are new."""
    before = CATALOGUES[service]
    types = {message.wire_type for message in messages}
    kept = (one for one in before.owned if one.wire_type not in types)
    return {service: replace(before, owned=(*kept, *messages))}


def with_copy(service: str, copy: type[Message]) -> Changed:
    """The service's catalogue with another copy of what it reads or sends."""
    before = CATALOGUES[service]

    def swapped(spoken: tuple[Spoken, ...]) -> tuple[Spoken, ...]:
        return tuple(
            replace(one, message=copy) if one.message.wire_type == copy.wire_type else one
            for one in spoken
        )

    sent, received = swapped(before.sent), swapped(before.received)
    return {service: replace(before, sent=sent, received=received)}


def without(service: str, wire_type: str) -> Changed:
    """The service's catalogue without a message, its own or another's."""
    before = CATALOGUES[service]

    def left(spoken: tuple[Spoken, ...]) -> tuple[Spoken, ...]:
        return tuple(one for one in spoken if one.message.wire_type != wire_type)

    owned = tuple(one for one in before.owned if one.wire_type != wire_type)
    sent, received = left(before.sent), left(before.received)
    return {service: replace(before, owned=owned, sent=sent, received=received)}


def platform(*changed: Changed) -> Platform:
    """The platform's contracts with some that have changed."""
    new = {name: contracts_of(one) for each in changed for name, one in each.items()}
    return {**NOW, **new}


class Charge(Command, type="billing.Charge.v1", key="order_id"):
    """Nobody takes it."""

    order_id: UUID


class FewerAtOnce(BaseModel):
    product_id: Reference
    quantity: Annotated[int, Field(ge=1, le=100)]


class MoreAtOnce(BaseModel):
    product_id: Reference
    quantity: Annotated[int, Field(ge=1, le=5_000_000)]


STATES = Literal[
    "PENDING", "APPROVED", "REJECTED", "CANCELLED", "DELIVERED", "UNDELIVERED", "RETURNED"
]
REASONS = Literal[
    *("CUSTOMER_NOT_FOUND", "CREDIT_LIMIT_EXCEEDED", "PRODUCT_NOT_FOUND", "OUT_OF_STOCK"),
    *("TIMED_OUT", "REFUSED", "FRAUD"),
]
IN_EUROS = declared_again(customer.ReserveCredit, currency=(str, "EUR"))


def sent_to_nobody() -> Changed:
    before = CATALOGUES[ORDER_SERVICE]
    charge = Spoken(message=Charge, channel=commands("billing"))
    return {ORDER_SERVICE: replace(before, sent=(*before.sent, charge))}


def on_another_subject() -> Changed:
    before = CATALOGUES[ORDER_SERVICE]
    streams = (Stream(channel=events("orders")), *before.topology.streams[1:])
    return {ORDER_SERVICE: replace(before, topology=replace(before.topology, streams=streams))}


def in_more_partitions() -> Changed:
    before = CATALOGUES[ORDER_SERVICE]
    streams = (Stream(channel=events("order", partitions=8)), *before.topology.streams[1:])
    return {ORDER_SERVICE: replace(before, topology=replace(before.topology, streams=streams))}


def never_out_of_stock() -> Changed:
    before = CATALOGUES[INVENTORY_SERVICE]
    left = {"inventory.ReserveStock.v1": (inventory.StockReserved, inventory.ProductNotFound)}
    return {INVENTORY_SERVICE: replace(before, answers={**before.answers, **left})}


def without_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    left = tuple(name for name in asyncapi._REQUIRED if name != h.CORRELATION_ID)
    monkeypatch.setattr(asyncapi, "_REQUIRED", left)


def nothing(_: pytest.MonkeyPatch) -> None:
    """Nothing else changes."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change, and what the gate has to say of it; `wire_type` and `reason` where it breaks."""

    what: str
    change: tuple[Changed, ...] = ()
    before: tuple[Changed, ...] = ()
    around: Callable[[pytest.MonkeyPatch], None] = field(default=nothing)
    wire_type: str = ""
    reason: str = ""
    breaks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.what


def code(service: str, *messages: type[Message]) -> tuple[Changed, ...]:
    return (with_messages(service, *messages),)


BREAKING = [
    Case(
        what="a field is removed",
        change=code(ORDER_SERVICE, declared_again(order.OrderPlaced, without=("total",))),
        wire_type="order.OrderPlaced.v1",
        reason="$.total: is required, and may be missing",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
    Case(
        what="a field is renamed",
        change=code(
            ORDER_SERVICE,
            declared_again(
                order.OrderPlaced,
                without=("total",),
                amount=order.OrderPlaced.model_fields["total"].rebuild_annotation(),
            ),
        ),
        wire_type="order.OrderPlaced.v1",
        reason="$.total seems to be called $.amount now",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
    Case(
        what="a type is narrowed",
        change=code(
            INVENTORY_SERVICE,
            declared_again(
                inventory.ReserveStock,
                lines=(Annotated[tuple[FewerAtOnce, ...], Field(min_length=1)], ...),
            ),
        ),
        wire_type="inventory.ReserveStock.v1",
        reason="$.lines[].quantity: maximum 100 is read, 1000000 is written",
        breaks=(ORDER_SERVICE,),
    ),
    Case(
        what="what was optional is required",
        before=code(CUSTOMER_SERVICE, IN_EUROS),
        change=code(CUSTOMER_SERVICE, declared_again(IN_EUROS, currency=(str, ...))),
        wire_type="customer.ReserveCredit.v1",
        reason="$.currency: is required, and may be missing",
        breaks=(ORDER_SERVICE,),
    ),
    Case(
        what="an enumeration gets a value, and a reader is strict",
        change=code(ORDER_SERVICE, declared_again(order.OrderSnapshot, state=(STATES, ...))),
        wire_type="order.OrderSnapshot.v1",
        reason="$.state: RETURNED may be written, and is not read",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
    Case(
        what="a header is dropped",
        change=({ORDER_SERVICE: CATALOGUES[ORDER_SERVICE]},),
        around=without_correlation,
        wire_type="order.OrderApproved.v1",
        reason="the header ce-correlationid is dropped",
        breaks=("shipping-service", ORDER_HISTORY_SERVICE),
    ),
    Case(
        what="a subject is renamed",
        change=(on_another_subject(),),
        wire_type="order.OrderApproved.v1",
        reason="the subject order.events.OrderApproved.{partition} became "
        "orders.events.OrderApproved.{partition}",
        breaks=("shipping-service", ORDER_HISTORY_SERVICE),
    ),
    Case(
        what="a version is skipped",
        change=code(
            ORDER_SERVICE, declared_again(order.OrderPlaced, called="order.OrderPlaced.v3")
        ),
        wire_type="order.OrderPlaced.v3",
        reason="order.OrderPlaced.v2 never was",
    ),
    Case(
        what="a command's answer is missing",
        change=(never_out_of_stock(),),
        wire_type="inventory.ReserveStock.v1",
        reason="it is never answered with inventory.OutOfStock.v1 any more",
        breaks=(ORDER_SERVICE,),
    ),
    Case(
        what="a command is sent to an unknown service",
        change=(sent_to_nobody(),),
        wire_type="billing.Charge.v1",
        reason="no service has the context 'billing'",
        breaks=(ORDER_SERVICE,),
    ),
    Case(
        what="a date has another format",
        change=code(ORDER_SERVICE, declared_again(order.OrderApproved, decided_at=(date, ...))),
        wire_type="order.OrderApproved.v1",
        reason="$.decided_at: format date-time is read, date is written",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
    Case(
        what="a default changes",
        before=code(CUSTOMER_SERVICE, IN_EUROS),
        change=code(CUSTOMER_SERVICE, declared_again(IN_EUROS, currency=(str, "USD"))),
        wire_type="customer.ReserveCredit.v1",
        reason="$.currency: the default 'EUR' became 'USD'",
        breaks=(ORDER_SERVICE,),
    ),
    Case(
        what="a channel gets more partitions",
        change=(in_more_partitions(),),
        wire_type="order.OrderApproved.v1",
        reason="4 partitions became 8: keys change place",
        breaks=("shipping-service", ORDER_HISTORY_SERVICE),
    ),
    Case(
        what="a message is withdrawn that somebody reads",
        change=(without(ORDER_SERVICE, "order.OrderDelivered.v1"),),
        wire_type="order.OrderDelivered.v1",
        reason="nobody declares it any more",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
    Case(
        what="a reader relies at once on a field that is new",
        change=(
            with_messages(ORDER_SERVICE, declared_again(order.OrderPlaced, shop=(str, ...))),
            with_copy(ORDER_HISTORY_SERVICE, declared_again(history.OrderPlaced, shop=(str, ...))),
        ),
        wire_type="order.OrderPlaced.v1",
        reason="order-history-service relies on what main does not have yet",
        breaks=(ORDER_HISTORY_SERVICE,),
    ),
]
COMPATIBLE = [
    Case(
        what="an event gets a field with a default",
        change=code(ORDER_SERVICE, declared_again(order.OrderPlaced, shop=(str, "web"))),
    ),
    Case(
        what="a command gets an optional field",
        change=code(
            CUSTOMER_SERVICE, declared_again(customer.ReserveCredit, note=(str | None, None))
        ),
    ),
    Case(
        what="there is a new type of event",
        change=code(
            ORDER_SERVICE,
            declared_again(order.OrderDelivered, called="order.OrderArchived.v1"),
        ),
    ),
    Case(
        what="there is a new version beside the old one",
        change=code(
            ORDER_SERVICE,
            declared_again(order.OrderPlaced, called="order.OrderPlaced.v2", without=("total",)),
        ),
    ),
    Case(
        what="a description changes",
        change=code(
            ORDER_SERVICE,
            declared_again(
                order.OrderRejected,
                customer_id=(Annotated[Reference, Field(description="Who ordered.")], ...),
            ),
        ),
    ),
    Case(
        what="a command takes more than it did",
        change=code(
            INVENTORY_SERVICE,
            declared_again(
                inventory.ReserveStock,
                lines=(Annotated[tuple[MoreAtOnce, ...], Field(min_length=1)], ...),
            ),
        ),
    ),
    Case(
        what="an enumeration gets a value, and everybody reads it as text",
        change=code(
            ORDER_SERVICE, declared_again(order.OrderRejected, rejection_reason=(REASONS, ...))
        ),
    ),
    Case(
        what="a message is withdrawn that nobody uses any more",
        before=code(
            ORDER_SERVICE, declared_again(order.OrderPlaced, called="order.OrderPlaced.v2")
        ),
    ),
]


def gate(case: Case, monkeypatch: pytest.MonkeyPatch) -> list[Break]:
    main = Baseline(name="main", platform=platform(*case.before))
    case.around(monkeypatch)
    return find_breaks(platform(*case.change), [main])


@pytest.mark.parametrize("case", BREAKING, ids=str)
def test_a_change_that_breaks_is_named_with_those_whom_it_breaks(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {one.wire_type: one for one in gate(case, monkeypatch)}

    broken = found[case.wire_type]
    assert case.reason in broken.reasons
    assert set(broken.broken) == set(case.breaks)
    assert broken.advice


@pytest.mark.parametrize("case", COMPATIBLE, ids=str)
def test_a_change_that_tolerant_readers_accept_passes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate(case, monkeypatch) == []


def test_the_page_shows_what_the_gate_says() -> None:
    if os.environ.get("GOLDENS") == "write":
        PAGE.write_text(page())
    assert PAGE.read_text() == page(), f"write it anew: GOLDENS=write pytest {Path(__file__).name}"


INTRODUCTION = """# What the compatibility gate says

Changes of this platform's own contracts, which `tests/contract/test_gate.py` tries one by one,
and the words of `make gate` to each. The rules: [Change a message](../howto/change-a-message.md).

## Refused
"""


def page() -> str:
    refused = [section(case) for case in BREAKING]
    accepted = [f"- {case.what[0].upper()}{case.what[1:]}." for case in COMPATIBLE]
    return "\n".join([INTRODUCTION, *refused, "## Accepted\n", *accepted, ""])


def section(case: Case) -> str:
    with pytest.MonkeyPatch.context() as monkeypatch:
        said = next(one for one in gate(case, monkeypatch) if one.wire_type == case.wire_type)
    return f"### {case.what[0].upper()}{case.what[1:]}\n\n```\n{said}\n```\n"
