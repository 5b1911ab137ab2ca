"""The service's tables. What the domain promises, the database holds it to."""

from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)

from order_service.domain.order import OrderState, RejectionReason
from order_service.persistence.order_lines import OrderLines

METADATA = MetaData()


def _one_of(values: type[StrEnum], *, name: str) -> Enum:
    return Enum(values, name=name, native_enum=False, create_constraint=True, length=32)


orders = Table(
    "orders",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("lines", OrderLines, nullable=False),
    Column("total", Numeric(14, 2), nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Column("state", _one_of(OrderState, name="orders_state"), nullable=False),
    Column("rejection_reason", _one_of(RejectionReason, name="orders_rejection_reason")),
    Column("decided_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("total > 0", name="orders_total_positive"),
    CheckConstraint("jsonb_array_length(lines) BETWEEN 1 AND 100", name="orders_lines"),
    CheckConstraint(
        "(state = 'REJECTED') = (rejection_reason IS NOT NULL)", name="orders_rejected_for_a_reason"
    ),
    CheckConstraint("(state = 'PENDING') = (decided_at IS NULL)", name="orders_decided_at"),
    CheckConstraint(
        "ended_at IS NULL OR state IN ('CANCELLED', 'DELIVERED', 'UNDELIVERED')",
        name="orders_ended_at",
    ),
    Index("orders_by_state", "state", "order_id"),
)
