"""Register a product, or correct what is known of one."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from chassis.persistence.adding import add_if_new
from inventory_service.domain.product import Product
from inventory_service.messaging.contracts import ProductRegistered
from inventory_service.persistence.products import get_product


async def register_product(
    session: AsyncSession, *, product_id: str, name: str, on_hand: int
) -> tuple[Product, bool]:
    """The product as it is now, and whether it is new; publishes ProductRegistered.

    Raises StockTooLowError for a count below what orders have reserved.
    """
    product = Product(product_id=product_id, name=name, on_hand=on_hand)
    is_new = await add_if_new(session, product)
    if not is_new:
        product = await get_product(session, product_id, lock=True)
        product.change(name=name, on_hand=on_hand)
    publish(session, ProductRegistered.model_validate(product))
    return product, is_new
