"""What `chassis snapshots publish inventory_service` publishes."""

from chassis.snapshots import SnapshotOf, Snapshots
from inventory_service.domain.product import Product
from inventory_service.messaging.contracts import ProductSnapshot, SnapshotTaken

SNAPSHOTS = Snapshots(taken=SnapshotTaken, of=(SnapshotOf(Product, ProductSnapshot),))
