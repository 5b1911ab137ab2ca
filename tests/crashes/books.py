"""Whether money, stock, orders and shipments agree."""

from decimal import Decimal

from crashes.shop import CUSTOMER, INVENTORY, ORDER, SHIPPING

from chassis.testing.twins import Platform
from customer_service.domain.credit_reservation import CreditReservation
from customer_service.domain.credit_reservation import ReservationState as Credit
from customer_service.domain.customer import Customer
from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import ReservationState as Stock
from inventory_service.domain.stock_reservation import StockReservation
from order_service.domain.order import Order, OrderState
from shipping_service.domain.shipment import Shipment, ShipmentState

NOTHING: tuple[None, ...] = (None,)
# what credit, stock and shipment of an order may be once nothing moves any more
AT_REST = {
    OrderState.REJECTED: ((None, Credit.RELEASED), NOTHING, NOTHING),
    OrderState.DELIVERED: ((Credit.CONFIRMED,), (Stock.CONFIRMED,), (ShipmentState.DELIVERED,)),
    OrderState.UNDELIVERED: ((Credit.RELEASED,), (Stock.RESTOCKED,), (ShipmentState.FAILED,)),
    OrderState.CANCELLED: ((Credit.RELEASED,), (Stock.RELEASED,), (ShipmentState.WITHHELD,)),
}


def books_agree(platform: Platform, *, on_hand: int = 3) -> None:
    """At the end: each order has what its state says, and the sums are those of the orders."""
    credit = {one.order_id: one for one in platform[CUSTOMER].all(CreditReservation)}
    stock = {one.order_id: one for one in platform[INVENTORY].all(StockReservation)}
    shipments = {one.order_id: one for one in platform[SHIPPING].all(Shipment)}
    for order in platform[ORDER].all(Order):
        assert order.state in AT_REST, f"order {order.order_id.int} stays {order.state}"
        for what, found, allowed in zip(
            ("credit", "stock", "shipment"),
            (one.get(order.order_id) for one in (credit, stock, shipments)),
            AT_REST[order.state],
            strict=True,
        ):
            state = found and found.state
            assert state in allowed, (
                f"order {order.order_id.int} is {order.state} and its {what} {state}"
            )
    sums_agree(platform)
    (product,) = platform[INVENTORY].all(Product)
    gone = sum(one.quantity for one in stock.values() if one.state is Stock.CONFIRMED)
    assert product.on_hand == on_hand - gone, (
        f"{product.on_hand} on hand and {gone} of {on_hand} gone"
    )


def sums_agree(platform: Platform) -> None:
    """After each commit: what customers and products say is the sum of their reservations."""
    credit = platform[CUSTOMER].all(CreditReservation)
    for customer in platform[CUSTOMER].all(Customer):
        for told, state in (
            (customer.reserved, Credit.RESERVED),
            (customer.confirmed, Credit.CONFIRMED),
        ):
            held = sum((one.amount for one in credit if one.state is state), Decimal(0))
            assert told == held, f"{told} is {state} of the customer and orders hold {held}"
        assert customer.available >= 0, f"{-customer.available} over the credit limit"
    stock = platform[INVENTORY].all(StockReservation)
    for product in platform[INVENTORY].all(Product):
        held = sum(one.quantity for one in stock if one.state is Stock.RESERVED)
        assert product.reserved == held, f"{product.reserved} reserved and orders hold {held}"
        assert 0 <= product.reserved <= product.on_hand, f"{product.reserved} of {product.on_hand}"
