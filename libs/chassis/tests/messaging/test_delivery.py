"""Acknowledgement subjects say where a message stands in its stream."""

import pytest

from chassis.messaging.delivery import DeliveryPlace, place_of

PLACE = DeliveryPlace("order-events", "customer-service-0", deliveries=2, sequence=1017)


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.order-events.customer-service-0.2.1017.5.1764000000000000000.3",
        "$JS.ACK._.ACCOUNT.order-events.customer-service-0.2.1017.5.1764000000000000000.3.token",
    ],
    ids=["old form", "new form"],
)
def test_the_place_is_read_from_both_forms(reply: str):
    assert place_of(reply) == PLACE


@pytest.mark.parametrize("reply", ["", "_INBOX_order.abc"])
def test_what_is_no_acknowledgement_has_no_place(reply: str):
    assert place_of(reply) is None
