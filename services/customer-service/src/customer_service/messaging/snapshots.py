"""What `chassis snapshots publish customer_service` publishes."""

from chassis.snapshots import SnapshotOf, Snapshots
from customer_service.domain.customer import Customer
from customer_service.messaging.contracts import CustomerSnapshot, SnapshotTaken

SNAPSHOTS = Snapshots(taken=SnapshotTaken, of=(SnapshotOf(Customer, CustomerSnapshot),))
