"""What the order history needs of customer-service and inventory-service: names to show."""

import pytest

from devkit.contracts.consuming import given
from devkit.contracts.needs import text
from order_history_service.messaging import subscriptions as heard


@pytest.mark.parametrize(
    ("description", "event", "state"),
    [
        (
            "a customer that was registered",
            heard.CustomerRegistered,
            "a customer was registered",
        ),
        (
            "a snapshot of a customer",
            heard.CustomerSnapshot,
            "a snapshot of a customer was taken",
        ),
    ],
)
async def test_customers_are_shown_by_name_and_country(needs, show, description, event, state):
    with needs("order-history-service", "customer-service").says(
        description,
        event,
        given=given(state),
        body={
            "customer_id": text("ALFKI"),
            "name": text("Alfreds"),
            "country": text("Germany"),
        },
    ) as said:
        (row,) = (await show(said))["customers"]

        assert (row["name"], row["country"]) == ("Alfreds", "Germany")


@pytest.mark.parametrize(
    ("description", "event", "state"),
    [
        ("a product that was registered", heard.ProductRegistered, "a product was registered"),
        ("a snapshot of a product", heard.ProductSnapshot, "a snapshot of a product was taken"),
    ],
)
async def test_products_are_shown_by_name(needs, show, description, event, state):
    with needs("order-history-service", "inventory-service").says(
        description,
        event,
        given=given(state),
        body={"product_id": text("11"), "name": text("Queso Cabrales")},
    ) as said:
        (row,) = (await show(said))["products"]

        assert row["name"] == "Queso Cabrales"
