"""What the services answer, as their clients see it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class OrderState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCEL_PENDING = "CANCEL_PENDING"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"


IN_SAGA = frozenset({OrderState.PENDING, OrderState.CANCEL_PENDING})
IN_FLIGHT = IN_SAGA | {OrderState.APPROVED}
APPROVED = frozenset({OrderState.APPROVED, OrderState.DELIVERED, OrderState.UNDELIVERED})
"""Approved and not cancelled, however they ended."""
HOLDING = frozenset({OrderState.APPROVED, OrderState.DELIVERED})
"""Goods are with the customer or set aside, and owed for."""


class ShipmentState(StrEnum):
    REQUESTED = "REQUESTED"
    SCHEDULED = "SCHEDULED"
    DISPATCHED = "DISPATCHED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    WITHHELD = "WITHHELD"


UNDER_WAY = frozenset({ShipmentState.REQUESTED, ShipmentState.SCHEDULED, ShipmentState.DISPATCHED})


class ReservationState(StrEnum):
    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    RESTOCKED = "RESTOCKED"


GIVEN_BACK = frozenset({ReservationState.RELEASED, ReservationState.RESTOCKED})


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Line(_Answer):
    product_id: str
    quantity: int
    unit_price: Decimal


class Order(_Answer):
    order_id: UUID
    customer_id: str
    state: OrderState
    rejection_reason: str | None
    total: Decimal
    lines: tuple[Line, ...]
    placed_at: datetime
    decided_at: datetime | None


class Shipment(_Answer):
    order_id: UUID
    state: ShipmentState


class Customer(_Answer):
    customer_id: str
    credit_limit: Decimal
    reserved: Decimal
    confirmed: Decimal
    available: Decimal


class CreditReservation(_Answer):
    order_id: UUID
    amount: Decimal
    state: ReservationState


class Product(_Answer):
    product_id: str
    on_hand: int
    reserved: int
    available: int


class StockReservation(_Answer):
    order_id: UUID
    quantity: int
    state: ReservationState


class OpenFlow(_Answer):
    """A flow by choreography that has not ended."""

    flow: str
    key: str
    awaits: str
    overdue: bool


class SagaStep(_Answer):
    at: datetime
    step: str | None
    direction: str | None
    kind: str
    attempt: int
    message_id: UUID | None
    outcome: str | None
    detail: str | None


class SagaHistory(_Answer):
    saga_id: UUID
    saga_type: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    trace_id: str | None
    steps: tuple[SagaStep, ...]
