"""What customer-service understands and answers, and the events on `customer.events`.

Commands are keyed by customer, so that whatever happens to one customer's credit happens in order.
Any of them is refused with `CustomerNotFound` where nobody has the customer number.
"""

from uuid import UUID

from pydantic import ConfigDict

from chassis import snapshots
from chassis.messaging.contracts import Command, Event, Refusal, Reply
from chassis.values import Money, Name, PositiveMoney, Reference


class ReserveCredit(Command, type="customer.ReserveCredit.v1", key="customer_id"):
    """Set credit aside for an order: `CreditReserved` or `CreditLimitExceeded`."""

    customer_id: Reference
    order_id: UUID
    amount: PositiveMoney


class ConfirmCredit(Command, type="customer.ConfirmCredit.v1", key="customer_id"):
    """Use what is reserved for an order: `CreditConfirmed`, `CreditNotReserved`."""

    customer_id: Reference
    order_id: UUID


class ReleaseCredit(Command, type="customer.ReleaseCredit.v1", key="customer_id"):
    """Give back what an order has reserved or used: `CreditReleased`, `CreditNotReserved`."""

    customer_id: Reference
    order_id: UUID


class CreditReserved(Reply, type="customer.CreditReserved.v1"):
    order_id: UUID


class CreditConfirmed(Reply, type="customer.CreditConfirmed.v1"):
    order_id: UUID


class CreditReleased(Reply, type="customer.CreditReleased.v1"):
    order_id: UUID


class CreditLimitExceeded(Refusal, type="customer.CreditLimitExceeded.v1"):
    order_id: UUID
    available: Money


class CustomerNotFound(Refusal, type="customer.CustomerNotFound.v1"):
    customer_id: str


class CreditNotReserved(Refusal, type="customer.CreditNotReserved.v1"):
    """The order holds no credit of this customer that could be confirmed or released."""

    order_id: UUID


class CreditReturned(Event, type="customer.CreditReturned.v1", key="customer_id"):
    """A customer's credit for an order that was not delivered is available again."""

    customer_id: Reference
    order_id: UUID
    amount: PositiveMoney


class CustomerRegistered(Event, type="customer.CustomerRegistered.v1", key="customer_id"):
    """What is known of a customer from now on: it is new, or was corrected."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: Reference
    name: Name
    country: Name


class CustomerSnapshot(snapshots.Snapshot, type="customer.CustomerSnapshot.v1", key="customer_id"):
    """A customer as `CustomerRegistered` has told of it up to here."""

    customer_id: Reference
    name: Name
    country: Name


class SnapshotTaken(snapshots.SnapshotTaken, type="customer.SnapshotTaken.v1"):
    """All customers have been published as snapshots."""
