"""What inventory-service understands and answers, and the events on `inventory.events`.

Commands, and events about an order's goods, are keyed by order, so that what happens to its stock
happens in order. Commands about stock that is reserved name the products, which lets a batch lock
all its products in one order.
"""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis import snapshots
from chassis.messaging.contracts import Command, Event, Refusal, Reply
from chassis.values import Name, Reference

ProductIds = Annotated[tuple[Reference, ...], Field(min_length=1)]


class Quantity(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(frozen=True)

    product_id: Reference
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class ReserveStock(Command, type="inventory.ReserveStock.v1", key="order_id"):
    """Set aside all that an order wants: `StockReserved`, `OutOfStock` or `ProductNotFound`.

    A product may stand in several lines.
    """

    order_id: UUID
    lines: Annotated[tuple[Quantity, ...], Field(min_length=1)]


class ReleaseStock(Command, type="inventory.ReleaseStock.v1", key="order_id"):
    """Give back what is reserved of these products, or nothing where goods have left.

    Answered by `StockReleased`, `StockNotReserved` or `StockAlreadyConfirmed`.
    """

    order_id: UUID
    product_ids: ProductIds


class StockReserved(Reply, type="inventory.StockReserved.v1"):
    order_id: UUID


class StockReleased(Reply, type="inventory.StockReleased.v1"):
    order_id: UUID


class OutOfStock(Refusal, type="inventory.OutOfStock.v1"):
    order_id: UUID
    product_id: str
    available: int


class ProductNotFound(Refusal, type="inventory.ProductNotFound.v1"):
    product_id: str


class StockNotReserved(Refusal, type="inventory.StockNotReserved.v1"):
    """The order holds nothing of these products that could be released."""

    order_id: UUID


class StockAlreadyConfirmed(Refusal, type="inventory.StockAlreadyConfirmed.v1"):
    """Goods of the order have left the warehouse."""

    order_id: UUID


class GoodsIssued(Event, type="inventory.GoodsIssued.v1", key="order_id"):
    """An order's goods left the warehouse with the carrier: it cannot be cancelled any more."""

    order_id: UUID
    lines: tuple[Quantity, ...]


class GoodsWithheld(Event, type="inventory.GoodsWithheld.v1", key="order_id"):
    """An order's goods stay: it was cancelled before the carrier came."""

    order_id: UUID


class GoodsRestocked(Event, type="inventory.GoodsRestocked.v1", key="order_id"):
    """Goods that could not be delivered are on hand again."""

    order_id: UUID
    lines: tuple[Quantity, ...]


class ProductRegistered(Event, type="inventory.ProductRegistered.v1", key="product_id"):
    """What is known of a product from now on: it is new, or was corrected."""

    model_config = ConfigDict(from_attributes=True)

    product_id: Reference
    name: Name


class ProductSnapshot(snapshots.Snapshot, type="inventory.ProductSnapshot.v1", key="product_id"):
    """A product as `ProductRegistered` has told of it up to here."""

    product_id: Reference
    name: Name


class SnapshotTaken(snapshots.SnapshotTaken, type="inventory.SnapshotTaken.v1"):
    """All products have been published as snapshots."""
