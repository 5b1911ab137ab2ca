"""What shipping-service does about each event; the table is at the end.

Shipments are loaded and locked for a whole batch of events beforehand.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import Handler, handle
from chassis.persistence.loading import load
from shipping_service import use_cases
from shipping_service.carrier.port import Carrier
from shipping_service.domain.shipment import Shipment, ShipmentLine
from shipping_service.messaging.contracts import (
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentFailed,
    ShipmentScheduled,
    ShipmentWithheld,
)
from shipping_service.messaging.subscriptions import GoodsIssued, GoodsWithheld, OrderApproved

_SHIPMENT = load(Shipment, by=lambda event: event.order_id)


class EventHandlers:
    """Reacts to events, working with a carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def request_shipment(self, event: OrderApproved, session: AsyncSession) -> None:
        lines = tuple(
            ShipmentLine(product_id=line.product_id, quantity=line.quantity) for line in event.lines
        )
        await use_cases.request_shipment(
            session,
            self._carrier,
            order_id=event.order_id,
            customer_id=event.customer_id,
            lines=lines,
        )

    async def dispatch_shipment(self, event: GoodsIssued, session: AsyncSession) -> None:
        await use_cases.dispatch_shipment(session, self._carrier, event.order_id)

    async def withhold_shipment(self, event: GoodsWithheld, session: AsyncSession) -> None:
        await use_cases.withhold_shipment(session, event.order_id)

    @property
    def table(self) -> tuple[Handler, ...]:
        """What shipping-service reacts to. What is published later, the carrier gives rise to."""
        return (
            handle(
                OrderApproved,
                self.request_shipment,
                loads=(_SHIPMENT,),
                publishes=(ShipmentScheduled,),
            ),
            handle(
                GoodsIssued,
                self.dispatch_shipment,
                loads=(_SHIPMENT,),
                publishes=(ShipmentDispatched, ShipmentDelivered, ShipmentFailed),
            ),
            handle(
                GoodsWithheld,
                self.withhold_shipment,
                loads=(_SHIPMENT,),
                publishes=(ShipmentWithheld,),
            ),
        )
