"""The check of the sums must notice each way in which money or stock can go wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from devkit.books import Books, CustomerAccount, ProductStock
from devkit.models import (
    CreditReservation,
    Customer,
    Line,
    Order,
    OrderState,
    Product,
    ReservationState,
    Shipment,
    ShipmentState,
    StockReservation,
)
from devkit.sums import disagreements

APPROVED, REJECTED = UUID(int=1), UUID(int=2)
STOCK = {"queso": 10}


def order(order_id: UUID, state: OrderState) -> Order:
    return Order(
        order_id=order_id,
        customer_id="ALFKI",
        state=state,
        rejection_reason=None,
        total=Decimal("30.00"),
        lines=(Line(product_id="queso", quantity=3, unit_price=Decimal("10.00")),),
        placed_at=datetime(2026, 1, 1, tzinfo=UTC),
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def books(
    *,
    confirmed: str = "30.00",
    limit: str = "100.00",
    available: str | None = None,
    credit: tuple[tuple[UUID, str, str], ...] = (
        (APPROVED, "30.00", "CONFIRMED"),
        (REJECTED, "30.00", "RELEASED"),
    ),
    stock: tuple[tuple[UUID, int, str], ...] = ((APPROVED, 3, "CONFIRMED"),),
    on_hand: int = 10,
    reserved: int = 3,
    state: OrderState = OrderState.APPROVED,
    shipments: tuple[Shipment, ...] = (),
) -> Books:
    customer = Customer(
        customer_id="ALFKI",
        credit_limit=Decimal(limit),
        reserved=Decimal(0),
        confirmed=Decimal(confirmed),
        available=Decimal(available or limit) - (0 if available else Decimal(confirmed)),
    )
    product = Product(
        product_id="queso", on_hand=on_hand, reserved=reserved, available=on_hand - reserved
    )
    return Books(
        orders=(order(APPROVED, state), order(REJECTED, OrderState.REJECTED)),
        shipments=shipments,
        accounts=(
            CustomerAccount(
                customer=customer,
                reservations=tuple(
                    CreditReservation(
                        order_id=of, amount=Decimal(amount), state=ReservationState(state)
                    )
                    for of, amount, state in credit
                ),
            ),
        ),
        stocks=(
            ProductStock(
                product=product,
                reservations=tuple(
                    StockReservation(order_id=of, quantity=quantity, state=ReservationState(state))
                    for of, quantity, state in stock
                ),
            ),
        ),
    )


def test_books_that_add_up_are_not_complained_about() -> None:
    assert disagreements(books(), stock=STOCK) == []


def test_it_does_not_matter_whether_confirmed_stock_is_still_on_hand() -> None:
    assert disagreements(books(on_hand=7, reserved=0), stock=STOCK) == []


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (books(credit=()), f"customer ALFKI holds 0 for order {APPROVED}, where 30.00 is due"),
        (
            books(credit=((APPROVED, "30.00", "CONFIRMED"), (REJECTED, "30.00", "RESERVED"))),
            f"customer ALFKI holds 30.00 for order {REJECTED}, where 0 is due",
        ),
        (
            books(credit=((APPROVED, "30.00", "CONFIRMED"), (APPROVED, "30.00", "CONFIRMED"))),
            f"customer ALFKI holds 60.00 for order {APPROVED}, where 30.00 is due",
        ),
        (
            books(confirmed="60.00"),
            "customer ALFKI has used 60.00 of credit, its orders come to 30.00",
        ),
        (books(limit="20.00"), "customer ALFKI has used 30.00 of credit and may use 20.00"),
        (
            books(available="100.00"),
            "customer ALFKI has 100.00 left of 100.00 with 30.00 used",
        ),
        (books(stock=()), f"product queso holds 0 for order {APPROVED}, where 3 is due"),
        (
            books(stock=((APPROVED, 3, "CONFIRMED"), (REJECTED, 3, "RESERVED"))),
            f"product queso holds 3 for order {REJECTED}, where 0 is due",
        ),
        (books(reserved=6), "product queso has 4 left of 10, orders took 3"),
        (books(on_hand=2), "product queso has 3 reserved of 2 on hand"),
    ],
)
def test_a_sum_that_is_wrong_is_told(wrong: Books, complaint: str) -> None:
    assert complaint in disagreements(wrong, stock=STOCK)


def shipped(state: ShipmentState, order_id: UUID = APPROVED) -> tuple[Shipment, ...]:
    return (Shipment(order_id=order_id, state=state),)


def test_an_order_that_was_delivered_keeps_its_goods_and_owes_for_them() -> None:
    delivered = books(
        state=OrderState.DELIVERED,
        shipments=shipped(ShipmentState.DELIVERED),
        on_hand=7,
        reserved=0,
    )
    assert disagreements(delivered, stock=STOCK) == []


def test_an_order_that_was_not_delivered_has_given_everything_back() -> None:
    undelivered = books(
        state=OrderState.UNDELIVERED,
        shipments=shipped(ShipmentState.FAILED),
        confirmed="0.00",
        credit=((APPROVED, "30.00", "RELEASED"),),
        stock=((APPROVED, 3, "RESTOCKED"),),
        on_hand=10,
        reserved=0,
    )
    assert disagreements(undelivered, stock=STOCK) == []


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (
            books(state=OrderState.DELIVERED, shipments=shipped(ShipmentState.FAILED)),
            f"order {APPROVED} is DELIVERED, its shipment FAILED",
        ),
        (
            books(state=OrderState.CANCELLED),
            f"order {APPROVED} is CANCELLED, its shipment not there",
        ),
        (
            books(shipments=shipped(ShipmentState.DELIVERED, REJECTED)),
            f"order {REJECTED} is REJECTED, and has a shipment that is DELIVERED",
        ),
        (
            books(state=OrderState.DELIVERED, on_hand=8, reserved=1),
            "product queso has 8 on hand of 10, of which 3 were delivered",
        ),
        (
            books(state=OrderState.UNDELIVERED),
            f"customer ALFKI holds 30.00 for order {APPROVED}, where 0 is due",
        ),
        (
            books(state=OrderState.UNDELIVERED),
            f"product queso holds 3 for order {APPROVED}, where 0 is due",
        ),
    ],
)
def test_a_shipment_that_does_not_fit_its_order_is_told(wrong: Books, complaint: str) -> None:
    assert complaint in disagreements(wrong, stock=STOCK)
