"""What `chassis snapshots publish order_service` publishes."""

from chassis.snapshots import SnapshotOf, Snapshots
from order_service.domain.order import Order
from order_service.messaging.contracts import OrderSnapshot, SnapshotTaken

SNAPSHOTS = Snapshots(taken=SnapshotTaken, of=(SnapshotOf(Order, OrderSnapshot),))
