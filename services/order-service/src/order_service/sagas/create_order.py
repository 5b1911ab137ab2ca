"""Create Order: an order is approved when there is credit and stock for it, else rejected.

1. order-service      create the order: PENDING    undone by rejecting it
2. customer-service   ReserveCredit                undone by ReleaseCredit
3. inventory-service  ReserveStock                 the pivot: from here on it only goes forward
4. customer-service   ConfirmCredit                retried until it is done
5. order-service      approve the order            retried until it is done

Credit and stock may both be refused, and reserved credit is the cheaper one to give back: so stock
comes last of the two, and needs no compensation. PENDING is the semantic lock: meanwhile nobody can
cancel the order.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Refusal
from chassis.persistence.loading import load
from chassis.sagas import PIVOT, RETRIABLE, Saga, command, local, minutes, seconds
from order_service import use_cases
from order_service.domain.order import Order, RejectionReason
from order_service.domain.order_line import OrderLine
from order_service.sagas.participants import (
    ConfirmCredit,
    CreditLimitExceeded,
    CustomerNotFound,
    OutOfStock,
    ProductNotFound,
    Quantity,
    ReleaseCredit,
    ReserveCredit,
    ReserveStock,
)


class CreateOrderData(BaseModel):
    """The order that is placed; `rejection_reason` once something stands in its way."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    order_id: UUID
    customer_id: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    placed_at: datetime
    rejection_reason: RejectionReason | None = None


async def create_order(data: CreateOrderData, session: AsyncSession) -> None:
    order = Order.place(
        order_id=data.order_id, customer_id=data.customer_id, lines=data.lines, at=data.placed_at
    )
    await use_cases.place_order(session, order)


async def reject_order(data: CreateOrderData, session: AsyncSession) -> None:
    reason = data.rejection_reason or RejectionReason.REFUSED
    await use_cases.reject_order(session, data.order_id, reason)


def reserve_credit(data: CreateOrderData) -> ReserveCredit:
    return ReserveCredit(customer_id=data.customer_id, order_id=data.order_id, amount=data.total)


def release_credit(data: CreateOrderData) -> ReleaseCredit:
    return ReleaseCredit(customer_id=data.customer_id, order_id=data.order_id)


def reserve_stock(data: CreateOrderData) -> ReserveStock:
    lines = tuple(Quantity.model_validate(line) for line in data.lines)
    return ReserveStock(order_id=data.order_id, lines=lines)


def confirm_credit(data: CreateOrderData) -> ConfirmCredit:
    return ConfirmCredit(customer_id=data.customer_id, order_id=data.order_id)


async def approve_order(data: CreateOrderData, session: AsyncSession) -> None:
    await use_cases.approve_order(session, data.order_id)


def because(reason: RejectionReason) -> Callable[[CreateOrderData, Refusal], CreateOrderData]:
    """Take note of why the order will be rejected."""
    return lambda data, _refusal: data.model_copy(update={"rejection_reason": reason})


def note_timed_out(data: CreateOrderData) -> CreateOrderData:
    return data.model_copy(update={"rejection_reason": RejectionReason.TIMED_OUT})


ORDER = load(Order, by=lambda data: data.order_id)
REJECTED_ORDER = load(Order, by=lambda data: data.order_id if data.rejection_reason else None)


class CreateOrderSaga(Saga[CreateOrderData], type="CreateOrder", version=1):
    deadline = minutes(10)
    on_timeout = note_timed_out
    steps = (
        local(create_order, compensation=reject_order, loads=(REJECTED_ORDER,)),
        command(
            reserve_credit,
            compensation=release_credit,
            timeout=seconds(60),
            refusals={
                CustomerNotFound: because(RejectionReason.CUSTOMER_NOT_FOUND),
                CreditLimitExceeded: because(RejectionReason.CREDIT_LIMIT_EXCEEDED),
            },
        ),
        command(
            reserve_stock,
            kind=PIVOT,
            refusals={
                ProductNotFound: because(RejectionReason.PRODUCT_NOT_FOUND),
                OutOfStock: because(RejectionReason.OUT_OF_STOCK),
            },
        ),
        command(confirm_credit, kind=RETRIABLE),
        local(approve_order, kind=RETRIABLE, loads=(ORDER,)),
    )
