"""The domain's class on its table: one class, and nothing to copy."""

from sqlalchemy.orm import registry

from order_service.domain.order import Order
from order_service.persistence.tables import METADATA, orders

registry(metadata=METADATA).map_imperatively(Order, orders)
