"""What order-service needs of shipping-service."""

import pytest

from devkit.contracts.consuming import given
from devkit.contracts.needs import a_uuid
from order_service.messaging.subscriptions import (
    ShipmentDelivered,
    ShipmentFailed,
    ShipmentScheduled,
)

ORDER = "0199f3a1-0000-7000-8000-00000000000a"


@pytest.mark.parametrize(
    ("state", "event", "becomes"),
    [
        ("a shipment was delivered", ShipmentDelivered, "DELIVERED"),
        ("a shipment failed", ShipmentFailed, "UNDELIVERED"),
    ],
)
async def test_a_shipment_that_ends_closes_its_order(needs, desk, state, event, becomes):
    await desk.place(answered=3)

    with needs("order-service", "shipping-service").says(
        state, event, given=given(state), body={"order_id": a_uuid(ORDER)}
    ) as said:
        await desk.hear(said.about(order_id=desk.order_id))

        assert (await desk.order())[0] == becomes


async def test_a_scheduled_shipment_is_not_what_the_order_waits_for_any_more(needs, desk):
    await desk.place(answered=3)
    assert await desk.awaits() == "ShipmentScheduled"

    with needs("order-service", "shipping-service").says(
        "a shipment was scheduled",
        ShipmentScheduled,
        given=given("a shipment was scheduled"),
        body={"order_id": a_uuid(ORDER)},
    ) as said:
        await desk.hear(said.about(order_id=desk.order_id))

        assert await desk.awaits() == "GoodsIssued"
