"""The domain's classes on their tables: one class of each, and nothing to copy."""

from sqlalchemy.orm import registry

from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import StockReservation
from inventory_service.persistence.tables import METADATA, products, stock_reservations

_registry = registry(metadata=METADATA)
_registry.map_imperatively(Product, products)
_registry.map_imperatively(StockReservation, stock_reservations)
