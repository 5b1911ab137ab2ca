"""What order-service says to the participants of its sagas, and the answers that it reads.

These are its own copies of the participants' contracts: the fields that it needs and no more. What
it sends keeps the bounds that its receiver sets, so that nothing is sent that cannot be read.
"""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.messaging.contracts import Command, Refusal
from chassis.values import PositiveMoney, Reference
from order_service.domain.order_line import MAX_QUANTITY


class ReserveCredit(Command, type="customer.ReserveCredit.v1", key="customer_id"):
    customer_id: Reference
    order_id: UUID
    amount: PositiveMoney


class ConfirmCredit(Command, type="customer.ConfirmCredit.v1", key="customer_id"):
    customer_id: Reference
    order_id: UUID


class ReleaseCredit(Command, type="customer.ReleaseCredit.v1", key="customer_id"):
    customer_id: Reference
    order_id: UUID


class CustomerNotFound(Refusal, type="customer.CustomerNotFound.v1"):
    pass


class CreditLimitExceeded(Refusal, type="customer.CreditLimitExceeded.v1"):
    pass


class Quantity(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    product_id: Reference
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class ReserveStock(Command, type="inventory.ReserveStock.v1", key="order_id"):
    order_id: UUID
    lines: Annotated[tuple[Quantity, ...], Field(min_length=1)]


class ReleaseStock(Command, type="inventory.ReleaseStock.v1", key="order_id"):
    order_id: UUID
    product_ids: Annotated[tuple[Reference, ...], Field(min_length=1)]


class ProductNotFound(Refusal, type="inventory.ProductNotFound.v1"):
    pass


class OutOfStock(Refusal, type="inventory.OutOfStock.v1"):
    pass
