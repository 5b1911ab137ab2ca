"""shipping-service takes an order as a running platform has approved it."""

import json

import pytest
from httpx import AsyncClient

from chassis.service import Service
from chassis.testing.delivery import deliver
from devkit.contracts.captured import FILE, Captured


async def test_an_order_that_was_really_approved_is_shipped(
    service: Service, client: AsyncClient, request: pytest.FixtureRequest
):
    captured = Captured.read(request.config.rootpath / FILE)
    (approved,) = captured.of_type("order.OrderApproved.v1")

    await deliver(service, approved.subject, approved.headers, approved.body)

    order = json.loads(approved.body)
    shipment = (await client.get(f"/shipments/{order['order_id']}")).json()
    assert (shipment["customer_id"], shipment["state"]) == (order["customer_id"], "REQUESTED")
    assert [line["quantity"] for line in shipment["lines"]] == [
        line["quantity"] for line in order["lines"]
    ]
