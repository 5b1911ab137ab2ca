"""The order history as a view: its tables, and what each event changes in them."""

from chassis.views import View, on
from order_history_service.messaging import subscriptions as heard
from order_history_service.view import projections
from order_history_service.view.tables import METADATA

ORDER_HISTORY = View(
    name="order_history",
    version=1,
    tables=METADATA,
    projections=(
        on(heard.OrderPlaced, projections.order_placed),
        on(heard.OrderApproved, projections.order_approved),
        on(heard.OrderRejected, projections.order_rejected),
        on(heard.OrderDelivered, projections.order_delivered),
        on(heard.OrderUndelivered, projections.order_undelivered),
        on(heard.OrderCancelled, projections.order_cancelled),
        on(heard.OrderSnapshot, projections.order_snapshot),
        on(heard.CustomerRegistered, projections.customer_registered),
        on(heard.CustomerSnapshot, projections.customer_registered),
        on(heard.ProductRegistered, projections.product_registered),
        on(heard.ProductSnapshot, projections.product_registered),
        on(heard.ShipmentScheduled, projections.shipment_scheduled),
        on(heard.ShipmentWithheld, projections.shipment_withheld),
        on(heard.ShipmentDispatched, projections.shipment_dispatched),
        on(heard.ShipmentDelivered, projections.shipment_delivered),
        on(heard.ShipmentFailed, projections.shipment_failed),
        on(heard.ShipmentSnapshot, projections.shipment_snapshot),
    ),
)
