"""What `chassis snapshots publish shipping_service` publishes."""

from chassis.snapshots import SnapshotOf, Snapshots
from shipping_service.domain.shipment import Shipment, ShipmentState
from shipping_service.messaging.contracts import ShipmentSnapshot, SnapshotTaken
from shipping_service.persistence.tables import shipments

SNAPSHOTS = Snapshots(
    taken=SnapshotTaken,
    of=(SnapshotOf(Shipment, ShipmentSnapshot, shipments.c.state != ShipmentState.REQUESTED),),
)
