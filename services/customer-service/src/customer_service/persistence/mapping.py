"""The domain's classes on their tables: one class of each, and nothing to copy."""

from sqlalchemy.orm import registry

from customer_service.domain.credit_reservation import CreditReservation
from customer_service.domain.customer import Customer
from customer_service.persistence.tables import METADATA, credit_reservations, customers

_registry = registry(metadata=METADATA)
_registry.map_imperatively(Customer, customers)
_registry.map_imperatively(CreditReservation, credit_reservations)
