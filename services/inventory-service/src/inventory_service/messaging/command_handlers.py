"""What inventory-service does with each command: ask the domain, and say its answer as a reply.

Products are loaded and locked, in the order of their numbers, for a whole batch of commands
beforehand; see COMMAND_HANDLERS.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.persistence.loading import load
from inventory_service.domain import stock
from inventory_service.domain.errors import (
    OutOfStockError,
    ProductNotFoundError,
    StockAlreadyConfirmedError,
    StockNotReservedError,
)
from inventory_service.domain.product import Product
from inventory_service.messaging.contracts import (
    OutOfStock,
    ProductNotFound,
    ReleaseStock,
    ReserveStock,
    StockAlreadyConfirmed,
    StockNotReserved,
    StockReleased,
    StockReserved,
)
from inventory_service.persistence.products import find_products, reservations_of_order


async def reserve_stock(
    command: ReserveStock, session: AsyncSession
) -> StockReserved | OutOfStock | ProductNotFound:
    quantities = stock.total_quantities((one.product_id, one.quantity) for one in command.lines)
    products = await find_products(session, quantities)
    try:
        session.add_all(stock.reserve_stock(command.order_id, quantities, products))
    except ProductNotFoundError as error:
        return ProductNotFound(product_id=error.product_id)
    except OutOfStockError as error:
        return OutOfStock(
            order_id=command.order_id, product_id=error.product_id, available=error.available
        )
    return StockReserved(order_id=command.order_id)


async def release_stock(
    command: ReleaseStock, session: AsyncSession
) -> StockReleased | StockNotReserved | StockAlreadyConfirmed:
    products = await find_products(session, command.product_ids)
    try:
        stock.release_stock(
            await reservations_of_order(session, command.order_id, products), products
        )
    except StockNotReservedError:
        return StockNotReserved(order_id=command.order_id)
    except StockAlreadyConfirmedError:
        return StockAlreadyConfirmed(order_id=command.order_id)
    return StockReleased(order_id=command.order_id)


_WANTED = load(Product, by=lambda command: [line.product_id for line in command.lines])
_HELD = load(Product, by=lambda command: command.product_ids)

COMMAND_HANDLERS = (
    handle(ReserveStock, reserve_stock, loads=(_WANTED,)),
    handle(ReleaseStock, release_stock, loads=(_HELD,)),
)
