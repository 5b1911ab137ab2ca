"""What order-service does about each event; the table is at the end.

A shipment that ends closes its order, which is loaded and locked for a whole batch beforehand. The
others touch no order: the first two move its fulfilment on to who is due next, and the last two say
that nothing is missing any more of what an order that was not delivered gives back.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.persistence.loading import load
from order_service import use_cases
from order_service.domain.order import Order
from order_service.flows import CREDIT_RETURN, FULFILMENT, RESTOCKING
from order_service.messaging.contracts import OrderDelivered, OrderUndelivered
from order_service.messaging.subscriptions import (
    CreditReturned,
    GoodsIssued,
    GoodsRestocked,
    ShipmentDelivered,
    ShipmentFailed,
    ShipmentScheduled,
)


async def note_shipment_scheduled(event: ShipmentScheduled, session: AsyncSession) -> None:
    FULFILMENT.reach(session, event.order_id, event.wire_name)


async def note_goods_issued(event: GoodsIssued, session: AsyncSession) -> None:
    FULFILMENT.reach(session, event.order_id, event.wire_name)


async def deliver_order(event: ShipmentDelivered, session: AsyncSession) -> None:
    await use_cases.deliver_order(session, event.order_id)


async def fail_delivery(event: ShipmentFailed, session: AsyncSession) -> None:
    await use_cases.fail_delivery(session, event.order_id)


async def note_goods_restocked(event: GoodsRestocked, session: AsyncSession) -> None:
    RESTOCKING.end(session, event.order_id)


async def note_credit_returned(event: CreditReturned, session: AsyncSession) -> None:
    CREDIT_RETURN.end(session, event.order_id)


_ORDER = load(Order, by=lambda event: event.order_id)

EVENT_HANDLERS = (
    handle(ShipmentScheduled, note_shipment_scheduled),
    handle(GoodsIssued, note_goods_issued),
    handle(ShipmentDelivered, deliver_order, loads=(_ORDER,), publishes=(OrderDelivered,)),
    handle(ShipmentFailed, fail_delivery, loads=(_ORDER,), publishes=(OrderUndelivered,)),
    handle(GoodsRestocked, note_goods_restocked),
    handle(CreditReturned, note_credit_returned),
)
