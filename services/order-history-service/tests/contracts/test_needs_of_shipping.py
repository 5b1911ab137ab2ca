"""What the order history needs of shipping-service."""

import pytest

from devkit.contracts.consuming import given
from devkit.contracts.needs import a_moment, a_uuid
from order_history_service.messaging import subscriptions as heard

ORDER = "0199f3a1-0000-7000-8000-00000000000a"


@pytest.fixture
def shipping(needs):
    return needs("order-history-service", "shipping-service")


@pytest.mark.parametrize(
    "case",
    [
        ("a shipment was scheduled", heard.ShipmentScheduled, "scheduled_at", "SCHEDULED"),
        ("a shipment was withheld", heard.ShipmentWithheld, "ended_at", "WITHHELD"),
        ("a shipment was dispatched", heard.ShipmentDispatched, "dispatched_at", "DISPATCHED"),
        ("a shipment was delivered", heard.ShipmentDelivered, "ended_at", "DELIVERED"),
        ("a shipment failed", heard.ShipmentFailed, "ended_at", "FAILED"),
    ],
)
async def test_a_shipment_is_shown_in_the_state_it_came_to(shipping, show, case):
    state, event, moment, shown = case
    body = {"order_id": a_uuid(ORDER), moment: a_moment()}
    with shipping.says(state, event, given=given(state), body=body) as said:
        (row,) = (await show(said))["shipments"]

        assert row["state"] == shown
        assert row[moment]


async def test_a_snapshot_shows_the_shipment_as_its_events_would(shipping, show):
    with shipping.says(
        "a snapshot of a scheduled shipment",
        heard.ShipmentSnapshot,
        given=given("a snapshot of a scheduled shipment was taken"),
        body={
            "order_id": a_uuid(ORDER),
            "state": "SCHEDULED",
            "scheduled_at": a_moment(),
            "dispatched_at": None,
            "ended_at": None,
        },
    ) as said:
        (row,) = (await show(said))["shipments"]

        assert row["state"] == "SCHEDULED"
