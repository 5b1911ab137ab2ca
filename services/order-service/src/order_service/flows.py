"""What order-service expects the others to bring to an end, each of their own accord.

An order that is approved is delivered, not delivered, or cancelled. One that could not be delivered
gives its goods and its credit back. Of the events on the way order-service hears those after which
another service is due, so that a flow that stops names who has to be looked at.
"""

from datetime import timedelta

from chassis.flows import Flow, stage

INVENTORY, SHIPPING, CUSTOMERS = "inventory-service", "shipping-service", "customer-service"

FULFILMENT = Flow(
    name="fulfilment",
    stages=(
        stage("ShipmentScheduled", by=SHIPPING, within=timedelta(minutes=15)),
        stage("GoodsIssued", by=INVENTORY, within=timedelta(minutes=5)),
        stage("ShipmentDelivered", "ShipmentFailed", by=SHIPPING, within=timedelta(minutes=15)),
    ),
)
RESTOCKING = Flow(
    name="restocking",
    stages=(stage("GoodsRestocked", by=INVENTORY, within=timedelta(minutes=15)),),
)
CREDIT_RETURN = Flow(
    name="credit-return",
    stages=(stage("CreditReturned", by=CUSTOMERS, within=timedelta(minutes=15)),),
)

FLOWS = (FULFILMENT, RESTOCKING, CREDIT_RETURN)
