"""What order-service expects the others to bring to an end, each of their own accord.

An order that is approved is delivered, not delivered, or cancelled. One that could not be delivered
gives its goods and its credit back.
"""

from datetime import timedelta

from chassis.flows import Flow

FULFILMENT = Flow(
    name="fulfilment",
    awaits="ShipmentDelivered, ShipmentFailed or OrderCancelled",
    within=timedelta(minutes=15),
)
RESTOCKING = Flow(name="restocking", awaits="GoodsRestocked", within=timedelta(minutes=15))
CREDIT_RETURN = Flow(name="credit-return", awaits="CreditReturned", within=timedelta(minutes=15))

FLOWS = (FULFILMENT, RESTOCKING, CREDIT_RETURN)
