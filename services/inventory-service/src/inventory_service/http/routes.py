"""The HTTP interface: products and the stock that orders take up."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from chassis.http import Transaction, documented
from chassis.values import Reference
from inventory_service.http.models import ProductAnswer, ProductDetails, ReservationAnswer
from inventory_service.http.problems import PRODUCT_NOT_FOUND, STOCK_TOO_LOW
from inventory_service.persistence.products import (
    get_product,
    products_after,
    reservations_of_product,
)
from inventory_service.use_cases.register_product import register_product

router = APIRouter(prefix="/products", tags=["products"])


@router.put(
    "/{product_id}",
    responses={
        201: {"description": "The product is new", "model": ProductAnswer},
        **documented(STOCK_TOO_LOW),
    },
)
async def put_product(
    product_id: Reference, details: ProductDetails, session: Transaction, response: Response
) -> ProductAnswer:
    """Register a product, or correct its name and count."""
    product, is_new = await register_product(
        session, product_id=product_id, name=details.name, on_hand=details.on_hand
    )
    response.status_code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
    return ProductAnswer.model_validate(product)


@router.get("/{product_id}", responses=documented(PRODUCT_NOT_FOUND))
async def show_product(product_id: Reference, session: Transaction) -> ProductAnswer:
    """One product."""
    return ProductAnswer.model_validate(await get_product(session, product_id))


@router.get("")
async def list_products(
    session: Transaction,
    after: Annotated[Reference | None, Query(description="Last number of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[ProductAnswer]:
    """Products in the order of their numbers, a page at a time."""
    page = await products_after(session, after, limit)
    return [ProductAnswer.model_validate(product) for product in page]


@router.get("/{product_id}/reservations", responses=documented(PRODUCT_NOT_FOUND))
async def list_reservations(product_id: Reference, session: Transaction) -> list[ReservationAnswer]:
    """All orders' reservations of the product, in the order of their placing."""
    await get_product(session, product_id)
    reservations = await reservations_of_product(session, product_id)
    return [ReservationAnswer.model_validate(reservation) for reservation in reservations]
