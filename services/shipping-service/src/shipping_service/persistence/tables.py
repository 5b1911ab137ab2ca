"""The service's tables. What the domain promises, the database holds it to."""

from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
)

from shipping_service.carrier.errand import ErrandKind
from shipping_service.domain.shipment import ShipmentState
from shipping_service.persistence.shipment_lines import ShipmentLines

METADATA = MetaData()


def _one_of(values: type[StrEnum], *, name: str) -> Enum:
    return Enum(values, name=name, native_enum=False, create_constraint=True, length=16)


shipments = Table(
    "shipments",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("lines", ShipmentLines, nullable=False),
    Column("state", _one_of(ShipmentState, name="shipments_state"), nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("scheduled_at", DateTime(timezone=True)),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("jsonb_array_length(lines) >= 1", name="shipments_lines"),
    CheckConstraint(
        "(state = 'REQUESTED') = (scheduled_at IS NULL)", name="shipments_scheduled_at"
    ),
    CheckConstraint(
        "(state IN ('DISPATCHED', 'DELIVERED', 'FAILED')) = (dispatched_at IS NOT NULL)",
        name="shipments_dispatched_at",
    ),
    CheckConstraint(
        "(state IN ('DELIVERED', 'FAILED', 'WITHHELD')) = (ended_at IS NOT NULL)",
        name="shipments_ended_at",
    ),
    Index("shipments_by_state", "state", "order_id"),
)

carrier_errands = Table(
    "carrier_errands",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("kind", _one_of(ErrandKind, name="carrier_errands_kind"), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("correlation_id", Text),
    Column("causation_id", Uuid),
    Column("trace", Text),
    Index("carrier_errands_due", "due_at", "order_id"),
)
