"""Everything about one order, from all services that know something of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from api_gateway.answers.customers import Customer
from api_gateway.answers.history import StateChange
from api_gateway.answers.inventory import Product, StockReservation
from api_gateway.answers.orders import Awaited, Order, OrderLine, PlacedOrder
from api_gateway.answers.shipping import Shipment
from api_gateway.composition import Missing, side_by_side
from api_gateway.services import Services
from chassis.http.deadline import Deadline


class Buyer(BaseModel):
    """Who ordered."""

    name: Annotated[str, Field(examples=["Alfreds Futterkiste"])]
    country: Annotated[str, Field(examples=["Germany"])]

    @classmethod
    def of(cls, customer: Customer) -> Self:
        return cls(name=customer.name, country=customer.country)


class LineDetails(OrderLine):
    """A line with what inventory-service knows of it."""

    product_name: Annotated[str | None, Field(examples=["Queso Cabrales"])]
    stock: Annotated[
        str | None,
        Field(description="State of the stock that is set aside for it", examples=["RESERVED"]),
    ]


class OrderDetails(PlacedOrder):
    """An order with all that belongs to it.

    A part that is null and not named in `missing` does not exist: an order that was rejected has no
    shipment.
    """

    rejection_reason: Annotated[str | None, Field(examples=[None])]
    decided_at: datetime | None
    ended_at: datetime | None
    waits_for: Annotated[
        tuple[Awaited, ...], Field(description="What has to happen next in the services behind it")
    ]
    customer: Buyer | None
    lines: tuple[LineDetails, ...]
    shipment: Shipment | None
    history: Annotated[
        tuple[StateChange, ...] | None, Field(description="What became of it, in its order")
    ]
    missing: Annotated[
        tuple[Missing, ...], Field(description="Parts that could not be had in time, and why")
    ]


async def order_details(
    services: Services,
    order_id: UUID,
    *,
    may_see: Callable[[Order], None],
    headers: Mapping[str, str],
    deadline: Deadline,
) -> OrderDetails:
    """The order with its parts; raises what order-service fails with, and what `may_see` raises.

    All that needs only the order's id is asked for at once with it, the rest when it is there.
    """
    missing: list[Missing] = []
    async with side_by_side() as parts:
        stock = parts.ask("stock", services.inventory.reservations(order_id, deadline))
        shipment = parts.ask("shipment", services.shipping.shipment(order_id, deadline))
        history = parts.ask("history", services.history.order(order_id, headers, deadline))
        order = await services.orders.order(order_id, deadline)
        may_see(order)
        customer = parts.ask("customer", services.customers.customer(order.customer_id, deadline))
        numbers = {line.product_id for line in order.lines}
        products = parts.ask("products", services.inventory.products(numbers, deadline))
        buyer = await customer.read(missing)
        named, reserved = await products.read(missing), await stock.read(missing)
        sent, happened = await shipment.read(missing), await history.read(missing)
    return OrderDetails(
        **order.model_dump(exclude={"lines"}),
        customer=None if buyer is None else Buyer.of(buyer),
        lines=_lines(order, named or (), reserved or ()),
        shipment=sent,
        history=None if happened is None else happened.changes,
        missing=tuple(missing),
    )


def _lines(
    order: Order, products: tuple[Product, ...], reservations: tuple[StockReservation, ...]
) -> tuple[LineDetails, ...]:
    names = {product.product_id: product.name for product in products}
    states = {reservation.product_id: reservation.state for reservation in reservations}
    return tuple(
        LineDetails(
            **line.model_dump(),
            product_name=names.get(line.product_id),
            stock=states.get(line.product_id),
        )
        for line in order.lines
    )
