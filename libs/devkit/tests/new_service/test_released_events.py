"""What a new service can make use of, of the events that services have released."""

from dataclasses import replace
from pathlib import Path

import pytest

from devkit.new_service.errors import NewServiceError
from devkit.new_service.released_events import (
    EventField,
    ReleasedEvent,
    chosen,
    identifiers,
    merged_fields,
    released_events,
)
from devkit.new_service.template_functions import snake_case, source_tuple

ROOT = Path(__file__).parents[4]
DELIVERED = "order.OrderDelivered.v1"


def a_field(name: str, type_: str = "str") -> EventField:
    return EventField(name=name, type=type_, nullable=False, required=True)


def an_event(*fields: EventField, key: str = "order_id") -> ReleasedEvent:
    return ReleasedEvent(
        wire_type="order.OrderLost.v1",
        key=key,
        provider="order-service",
        state="lost",
        fields=list(fields),
    )


def test_an_event_has_the_fields_that_are_plain_values():
    [delivered] = chosen(ROOT, [DELIVERED])

    assert (delivered.context, delivered.name, delivered.key) == (
        *("order", "OrderDelivered"),
        "order_id",
    )
    assert {one.name: one.annotation for one in delivered.fields} == {
        "order_id": "UUID",
        "customer_id": "str",
        "ended_at": "datetime | None = None",
    }


def test_its_publisher_is_held_to_the_state_that_others_have_a_contract_for():
    [delivered] = chosen(ROOT, [DELIVERED])

    assert (delivered.provider, delivered.state) == ("order-service", "an order was delivered")


def test_snapshots_and_commands_are_no_events_to_react_to():
    found = released_events(ROOT)

    assert DELIVERED in found
    assert not [one for one in found if "Snapshot" in one or "ReserveCredit" in one]


def test_ids_are_those_that_all_events_have_beginning_with_the_first_ones_key():
    order, customer, total = a_field("order_id", "UUID"), a_field("customer_id"), a_field("total")
    other_order = replace(order, type="str")

    def names(*events: ReleasedEvent) -> list[str]:
        return [one.name for one in identifiers(events)]

    assert names(an_event(customer, order, total)) == ["order_id", "customer_id"]
    assert names(an_event(order, customer), an_event(customer)) == ["customer_id"]
    assert names(an_event(order), an_event(other_order)) == []
    assert names() == []


def test_events_that_do_not_agree_on_a_field_cannot_share_a_row():
    one, other = an_event(a_field("total")), an_event(a_field("total", "int"))

    with pytest.raises(NewServiceError, match="`total` is a str in one of the events and a int"):
        merged_fields([one, other], without="order_id")


def test_names_become_source():
    assert snake_case("GiftCard") == "gift_card"
    assert snake_case("VATNumber") == "vat_number"
    assert source_tuple(["one"]) == '("one",)'
    assert source_tuple(["one", "two"]) == '("one", "two")'
