"""What is looked for after killing must be found where it is."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from devkit.books import Books, CustomerAccount, ProductStock
from devkit.findings import applied_twice, lost, stuck
from devkit.models import (
    CreditReservation,
    Customer,
    Line,
    OpenFlow,
    Order,
    OrderState,
    Product,
    ReservationState,
    SagaHistory,
    Shipment,
    ShipmentState,
    StockReservation,
)

ORDER, OTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCEPTED = {"key": ORDER}


def order(order_id: UUID = ORDER, state: OrderState = OrderState.DELIVERED) -> Order:
    return Order(
        order_id=order_id,
        customer_id="ALFKI",
        state=state,
        rejection_reason=None,
        total=Decimal(30),
        lines=(Line(product_id="queso", quantity=3, unit_price=Decimal(10)),),
        placed_at=NOW,
        decided_at=NOW,
    )


def account(*amounts: int, confirmed: int | None = None) -> CustomerAccount:
    return CustomerAccount(
        customer=Customer(
            customer_id="ALFKI",
            credit_limit=Decimal(1000),
            reserved=Decimal(0),
            confirmed=Decimal(sum(amounts) if confirmed is None else confirmed),
            available=Decimal(1000),
        ),
        reservations=tuple(
            CreditReservation(
                order_id=ORDER, amount=Decimal(amount), state=ReservationState.CONFIRMED
            )
            for amount in amounts
        ),
    )


def stock(*quantities: int, reserved: int | None = None) -> ProductStock:
    return ProductStock(
        product=Product(
            product_id="queso",
            on_hand=100,
            reserved=sum(quantities) if reserved is None else reserved,
            available=0,
        ),
        reservations=tuple(
            StockReservation(order_id=ORDER, quantity=quantity, state=ReservationState.RESERVED)
            for quantity in quantities
        ),
    )


def books(
    *orders: Order, of: CustomerAccount | None = None, holding: ProductStock | None = None
) -> Books:
    return Books(
        orders=orders or (order(),), accounts=(of or account(30),), stocks=(holding or stock(3),)
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert list(lost(books(), ACCEPTED.values())) == []
    assert list(applied_twice(books(), ACCEPTED)) == []


def test_an_accepted_order_that_is_not_there_is_lost() -> None:
    assert list(lost(books(), [ORDER, OTHER])) == [f"order {OTHER} was accepted and is not there"]


def test_an_order_that_is_never_decided_is_lost() -> None:
    undecided = books(order(state=OrderState.PENDING))
    assert list(lost(undecided, [])) == [f"order {ORDER} is still PENDING"]


def test_an_approved_order_without_its_reservations_is_lost() -> None:
    assert list(lost(books(of=account()), [])) == [f"order {ORDER} is DELIVERED without credit"]
    assert list(lost(books(holding=stock()), [])) == [f"order {ORDER} is DELIVERED without queso"]


def test_a_request_that_gave_two_orders_was_applied_twice() -> None:
    doubled = books(order(), order(OTHER, OrderState.REJECTED))
    assert list(applied_twice(doubled, ACCEPTED)) == [
        f"order {OTHER} is a second one of a request that was sent again"
    ]


def test_credit_that_an_order_holds_twice_was_applied_twice() -> None:
    assert list(applied_twice(books(of=account(30, 30)), ACCEPTED)) == [
        f"order {ORDER} holds 60 of credit for 30"
    ]
    assert list(applied_twice(books(of=account(30, confirmed=60)), ACCEPTED)) == [
        "customer ALFKI owes more than all reservations together"
    ]


def test_stock_that_an_order_holds_twice_was_applied_twice() -> None:
    assert list(applied_twice(books(holding=stock(3, 3)), ACCEPTED)) == [
        f"order {ORDER} holds 6 of queso for 3"
    ]
    assert list(applied_twice(books(holding=stock(3, reserved=6)), ACCEPTED)) == [
        "product queso has more reserved than all reservations together"
    ]


def test_a_saga_that_has_not_ended_is_stuck() -> None:
    ended = SagaHistory(
        saga_id=ORDER,
        saga_type="CreateOrder",
        state="COMPLETED",
        started_at=NOW,
        ended_at=NOW,
        trace_id=None,
        steps=(),
    )
    waiting = ended.model_copy(update={"state": "RUNNING", "ended_at": None})
    assert list(stuck([ended, waiting], [], [])) == [f"CreateOrder {ORDER} is still RUNNING"]


def test_a_shipment_that_is_under_way_is_stuck() -> None:
    shipments = [
        Shipment(order_id=ORDER, state=ShipmentState.DISPATCHED),
        Shipment(order_id=OTHER, state=ShipmentState.WITHHELD),
    ]
    assert list(stuck([], shipments, [])) == [f"the shipment of order {ORDER} is still DISPATCHED"]


def test_a_flow_that_has_not_ended_is_stuck() -> None:
    flow = OpenFlow(flow="restocking", key=str(ORDER), awaits="GoodsRestocked", overdue=False)
    assert list(stuck([], [], [flow])) == [f"restocking of {ORDER} still awaits GoodsRestocked"]


def test_an_approved_order_that_is_never_shipped_is_lost() -> None:
    waiting = books(order(state=OrderState.APPROVED))
    assert list(lost(waiting, [])) == [f"order {ORDER} is still APPROVED"]
