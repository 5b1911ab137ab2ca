"""What order-service says to the participants of its sagas, and the answers that it reads.

These are its own copies of the participants' contracts: the fields that it needs and no more.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.messaging.contracts import Command, Refusal
from chassis.values import PositiveMoney


class ReserveCredit(Command, type="customer.ReserveCredit.v1", key="customer_id"):
    customer_id: str
    order_id: UUID
    amount: PositiveMoney


class ConfirmCredit(Command, type="customer.ConfirmCredit.v1", key="customer_id"):
    customer_id: str
    order_id: UUID


class ReleaseCredit(Command, type="customer.ReleaseCredit.v1", key="customer_id"):
    customer_id: str
    order_id: UUID


class CustomerNotFound(Refusal, type="customer.CustomerNotFound.v1"):
    pass


class CreditLimitExceeded(Refusal, type="customer.CreditLimitExceeded.v1"):
    pass


class Quantity(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    product_id: str
    quantity: int


class ReserveStock(Command, type="inventory.ReserveStock.v1", key="order_id"):
    order_id: UUID
    lines: tuple[Quantity, ...]


class ReleaseStock(Command, type="inventory.ReleaseStock.v1", key="order_id"):
    order_id: UUID
    product_ids: tuple[str, ...]


class ProductNotFound(Refusal, type="inventory.ProductNotFound.v1"):
    pass


class OutOfStock(Refusal, type="inventory.OutOfStock.v1"):
    pass
