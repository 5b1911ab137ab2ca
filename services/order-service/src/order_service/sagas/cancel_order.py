"""Cancel Order: an approved order gives back its stock and its credit.

1. order-service      begin: CANCEL_PENDING        undone by going back to APPROVED
2. inventory-service  ReleaseStock                 the pivot: goods that have left are not released
3. customer-service   ReleaseCredit                retried until it is done
4. order-service      confirm: CANCELLED           retried until it is done

Only inventory-service may refuse, when goods have left the warehouse. So stock comes first, and
until it has agreed nothing is given back: the customer who keeps the goods keeps owing for them.
The other way round, a refusal would find the credit released and perhaps taken by another order.
That refusal may come when the order is closed already, delivered or not: it stays closed then.
Once stock is back, another order may take it: from there it only goes forward. CANCEL_PENDING is
the semantic lock: meanwhile nobody can begin another cancellation.
"""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.loading import load
from chassis.sagas import PIVOT, RETRIABLE, Saga, command, local
from order_service import use_cases
from order_service.domain.order import Order
from order_service.sagas.participants import ReleaseCredit, ReleaseStock


class CancelOrderData(BaseModel):
    """The order that is cancelled, and the products that it holds stock of."""

    model_config = ConfigDict(frozen=True)

    order_id: UUID
    customer_id: str
    product_ids: tuple[str, ...]

    @classmethod
    def of(cls, order: Order) -> Self:
        product_ids = tuple(sorted({line.product_id for line in order.lines}))
        return cls(order_id=order.order_id, customer_id=order.customer_id, product_ids=product_ids)


async def begin_cancellation(data: CancelOrderData, session: AsyncSession) -> None:
    await use_cases.begin_cancellation(session, data.order_id)


async def undo_cancellation(data: CancelOrderData, session: AsyncSession) -> None:
    await use_cases.undo_cancellation(session, data.order_id)


def release_stock(data: CancelOrderData) -> ReleaseStock:
    return ReleaseStock(order_id=data.order_id, product_ids=data.product_ids)


def release_credit(data: CancelOrderData) -> ReleaseCredit:
    return ReleaseCredit(customer_id=data.customer_id, order_id=data.order_id)


async def confirm_cancellation(data: CancelOrderData, session: AsyncSession) -> None:
    await use_cases.confirm_cancellation(session, data.order_id)


ORDER = load(Order, by=lambda data: data.order_id)


class CancelOrderSaga(Saga[CancelOrderData], type="CancelOrder", version=1):
    steps = (
        local(begin_cancellation, compensation=undo_cancellation, loads=(ORDER,)),
        command(release_stock, kind=PIVOT),
        command(release_credit, kind=RETRIABLE),
        local(confirm_cancellation, kind=RETRIABLE, loads=(ORDER,)),
    )
