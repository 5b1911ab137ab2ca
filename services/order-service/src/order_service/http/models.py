"""What order-service takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.flows import Awaited
from chassis.values import WHOLE, Given, Money, PositiveMoney, Reference
from order_service.domain.order import MAX_LINES, Order, OrderState, RejectionReason
from order_service.domain.order_line import MAX_QUANTITY, OrderLine
from order_service.domain.work import Work


class Line(BaseModel):
    """So many of a product, at the price agreed."""

    model_config = ConfigDict(from_attributes=True)

    product_id: Annotated[Reference, Field(examples=["11"])]
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True, examples=[12]), WHOLE]
    unit_price: Annotated[PositiveMoney, Given(integer_digits=8), Field(examples=["14.00"])]


class OrderRequest(BaseModel):
    """What a customer wants."""

    customer_id: Annotated[Reference, Field(examples=["ALFKI"])]
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_LINES)]

    def order_lines(self) -> tuple[OrderLine, ...]:
        return tuple(
            OrderLine(
                product_id=line.product_id, quantity=line.quantity, unit_price=line.unit_price
            )
            for line in self.lines
        )


class PlacedOrderAnswer(BaseModel):
    """An order that was accepted and is being decided."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    customer_id: str
    state: OrderState
    total: Money
    placed_at: datetime


class OrderAnswer(PlacedOrderAnswer):
    """An order, what became of it, and the last saga that worked on it."""

    rejection_reason: RejectionReason | None
    lines: tuple[Line, ...]
    decided_at: datetime | None
    ended_at: datetime | None
    saga_id: UUID | None = None

    @classmethod
    def of(cls, order: Order, saga_id: UUID | None) -> Self:
        return cls.model_validate(order).model_copy(update={"saga_id": saga_id})


class WorkAnswer(BaseModel):
    """The saga that works on an order; nobody else changes the order meanwhile."""

    model_config = ConfigDict(from_attributes=True)

    saga_type: str
    saga_id: UUID
    since: datetime


class OrderDetails(OrderAnswer):
    """An order with who works on it and what it waits for of other services.

    A saga's waits are in its history.
    """

    worked_on_by: WorkAnswer | None = None
    waits_for: tuple[Awaited, ...]

    @classmethod
    def waiting(
        cls, answer: OrderAnswer, work: Work | None, waits_for: tuple[Awaited, ...]
    ) -> Self:
        worked_on_by = None if work is None else WorkAnswer.model_validate(work)
        return cls(**dict(answer), worked_on_by=worked_on_by, waits_for=waits_for)
