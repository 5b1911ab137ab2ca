"""What inventory-service does about each event; the table is at the end.

The warehouse is the arbiter between a shipment and the cancellation of its order: both come for the
same reservation, under the lock of its products, and whoever comes first wins. The shipment gets
its goods, and `ReleaseStock` is refused with `StockAlreadyConfirmed`; or the stock is released, and
the shipment's goods are withheld.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.outbox.publishing import publish
from chassis.persistence.loading import load
from inventory_service.domain import stock
from inventory_service.domain.errors import StockNotReservedError
from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import StockReservation
from inventory_service.messaging.contracts import (
    GoodsIssued,
    GoodsRestocked,
    GoodsWithheld,
    Quantity,
)
from inventory_service.messaging.subscriptions import ShipmentFailed, ShipmentScheduled
from inventory_service.persistence.products import find_products, reservations_of_order


async def issue_goods(event: ShipmentScheduled, session: AsyncSession) -> None:
    products = await find_products(session, event.product_ids)
    try:
        reservations = await reservations_of_order(session, event.order_id, products)
        stock.confirm_stock(reservations, products)
    except StockNotReservedError:
        publish(session, GoodsWithheld(order_id=event.order_id))
    else:
        publish(session, GoodsIssued(order_id=event.order_id, lines=_lines(reservations)))


async def restock_goods(event: ShipmentFailed, session: AsyncSession) -> None:
    products = await find_products(session, event.product_ids)
    reservations = await reservations_of_order(session, event.order_id, products)
    stock.restock(reservations, products)
    publish(session, GoodsRestocked(order_id=event.order_id, lines=_lines(reservations)))


def _lines(reservations: Sequence[StockReservation]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(product_id=reservation.product_id, quantity=reservation.quantity)
        for reservation in reservations
    )


_SHIPPED = load(Product, by=lambda event: event.product_ids)

EVENT_HANDLERS = (
    handle(
        ShipmentScheduled,
        issue_goods,
        loads=(_SHIPPED,),
        publishes=(GoodsIssued, GoodsWithheld),
    ),
    handle(ShipmentFailed, restock_goods, loads=(_SHIPPED,), publishes=(GoodsRestocked,)),
)
