"""The service's classes on their tables: one class of each, and nothing to copy."""

from sqlalchemy.orm import registry

from shipping_service.carrier.errand import Errand
from shipping_service.domain.shipment import Shipment
from shipping_service.persistence.tables import METADATA, carrier_errands, shipments

_registry = registry(metadata=METADATA)
_registry.map_imperatively(Shipment, shipments)
_registry.map_imperatively(Errand, carrier_errands)
