"""What order-service needs of shipping-service."""

import pytest

from devkit.contracts.consuming import given
from devkit.contracts.needs import a_uuid
from order_service.messaging.subscriptions import ShipmentDelivered, ShipmentFailed

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
