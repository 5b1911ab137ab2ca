"""Finding and keeping products."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from inventory_service.domain.errors import ProductNotFoundError, StockNotReservedError
from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import StockReservation
from inventory_service.persistence.tables import products, stock_reservations


async def get_product(session: AsyncSession, product_id: str, *, lock: bool = False) -> Product:
    """The product, with `lock` until the transaction ends; raises ProductNotFoundError."""
    product = await session.get(Product, product_id, with_for_update=lock or None)
    if product is None:
        raise ProductNotFoundError(product_id)
    return product


async def find_products(session: AsyncSession, product_ids: Iterable[str]) -> dict[str, Product]:
    """Those of the products that there are, by their number."""
    found = [await session.get(Product, product_id) for product_id in product_ids]
    return {product.product_id: product for product in found if product is not None}


async def products_after(
    session: AsyncSession, after: str | None, limit: int, among: Collection[str] | None = None
) -> Sequence[Product]:
    """A page of products, or of those `among` the given ones, in the order of their numbers."""
    statement = select(Product).order_by(products.c.product_id).limit(limit)
    if after is not None:
        statement = statement.where(products.c.product_id > after)
    if among is not None:
        statement = statement.where(products.c.product_id.in_(among))
    return (await session.scalars(statement)).all()


async def reservations_of_product(
    session: AsyncSession, product_id: str
) -> Sequence[StockReservation]:
    """All reservations of a product, in the order of their orders."""
    statement = (
        select(StockReservation)
        .where(stock_reservations.c.product_id == product_id)
        .order_by(stock_reservations.c.order_id)
    )
    return (await session.scalars(statement)).all()


async def stock_of_order(session: AsyncSession, order_id: UUID) -> Sequence[StockReservation]:
    """What an order holds or held, in the order of its products' numbers."""
    statement = (
        select(StockReservation)
        .where(stock_reservations.c.order_id == order_id)
        .order_by(stock_reservations.c.product_id)
    )
    return (await session.scalars(statement)).all()


async def reservations_of_order(
    session: AsyncSession, order_id: UUID, product_ids: Iterable[str]
) -> Sequence[StockReservation]:
    """What an order holds or held of these products, locked; raises StockNotReservedError."""
    statement = (
        select(StockReservation)
        .where(stock_reservations.c.order_id == order_id)
        .where(stock_reservations.c.product_id.in_(list(product_ids)))
        .order_by(stock_reservations.c.product_id)
        .with_for_update()
    )
    found = (await session.scalars(statement)).all()
    if not found:
        raise StockNotReservedError(order_id)
    return found
