"""The HTTP interface: products and the stock that orders take up."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.http import Transaction, Validators, documented, revalidated
from chassis.http.registering import answer_registered, registering
from chassis.values import Reference
from inventory_service.http.models import (
    OrderReservationAnswer,
    ProductAnswer,
    ProductDetails,
    ReservationAnswer,
)
from inventory_service.http.problems import PRODUCT_NOT_FOUND, STOCK_TOO_LOW
from inventory_service.persistence.products import (
    get_product,
    products_after,
    reservations_of_product,
    stock_of_order,
)
from inventory_service.use_cases.register_product import register_product

MAX_NUMBERS = 100

router = APIRouter(tags=["products"])


@router.put(
    "/products/{product_id}",
    responses=registering(ProductAnswer, "The product is new") | documented(STOCK_TOO_LOW),
)
async def put_product(
    product_id: Reference, details: ProductDetails, session: Transaction, response: Response
) -> ProductAnswer:
    """Register a product, or correct its name and count."""
    product, is_new = await register_product(
        session, product_id=product_id, name=details.name, on_hand=details.on_hand
    )
    answer_registered(response, session, is_new=is_new)
    return ProductAnswer.model_validate(product)


@router.get(
    "/products/{product_id}",
    response_model=ProductAnswer,
    responses=revalidated() | documented(PRODUCT_NOT_FOUND),
)
async def show_product(
    product_id: Reference, session: Transaction, validators: Validators
) -> Response:
    """One product."""
    product = await get_product(session, product_id)
    return validators.answer(ProductAnswer.model_validate(product))


@router.get("/products", response_model=list[ProductAnswer], responses=revalidated())
async def list_products(
    session: Transaction,
    validators: Validators,
    after: Annotated[Reference | None, Query(description="Last number of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    product_id: Annotated[
        list[Reference] | None, Query(max_length=MAX_NUMBERS, description="Only these")
    ] = None,
) -> Response:
    """Products in the order of their numbers, a page at a time."""
    page = await products_after(session, after, limit, product_id)
    return validators.answer([ProductAnswer.model_validate(product) for product in page])


@router.get("/products/{product_id}/reservations", responses=documented(PRODUCT_NOT_FOUND))
async def list_reservations(product_id: Reference, session: Transaction) -> list[ReservationAnswer]:
    """All orders' reservations of the product, in the order of their placing."""
    await get_product(session, product_id)
    reservations = await reservations_of_product(session, product_id)
    return [ReservationAnswer.model_validate(reservation) for reservation in reservations]


@router.get("/reservations/{order_id}")
async def list_order_reservations(
    order_id: UUID, session: Transaction
) -> list[OrderReservationAnswer]:
    """What the order holds or held, in the order of the products' numbers; nothing is no error."""
    reservations = await stock_of_order(session, order_id)
    return [OrderReservationAnswer.model_validate(reservation) for reservation in reservations]
