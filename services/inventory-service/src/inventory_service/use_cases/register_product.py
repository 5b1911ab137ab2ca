"""Register a product, or correct what is known of one."""

from sqlalchemy.ext.asyncio import AsyncSession

from inventory_service.domain.product import Product
from inventory_service.persistence.products import add_if_new, get_product


async def register_product(
    session: AsyncSession, *, product_id: str, name: str, on_hand: int
) -> tuple[Product, bool]:
    """The product as it is now, and whether it is new.

    Raises StockTooLowError for a count below what orders have reserved.
    """
    product = Product(product_id=product_id, name=name, on_hand=on_hand)
    if await add_if_new(session, product):
        return product, True
    known = await get_product(session, product_id, lock=True)
    known.change(name=name, on_hand=on_hand)
    return known, False
