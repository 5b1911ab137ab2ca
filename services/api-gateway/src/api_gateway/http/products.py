"""Products: master data, for everybody to read."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api_gateway.access import Anybody, Staff
from api_gateway.answers.inventory import Product
from api_gateway.http.answering import passed_on
from api_gateway.http.deadlines import RequestDeadline
from api_gateway.http.orders import AllServices
from api_gateway.http.problems import EVERYWHERE, refusals, registered
from chassis.http import Validators, revalidated
from chassis.values import WHOLE, Name, Reference

router = APIRouter(prefix="/products", tags=["products"], responses=EVERYWHERE)


class ProductDetails(BaseModel):
    """What is known of a product from outside."""

    name: Annotated[Name, Field(examples=["Queso Cabrales"])]
    on_hand: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True, examples=[39]), WHOLE]


@router.put(
    "/{product_id}",
    response_model=Product,
    responses=registered("The product is new", Product)
    | refusals(_409="The stock is below what orders have reserved"),
)
async def put_product(
    product_id: Reference,
    details: ProductDetails,
    _: Staff,
    services: AllServices,
    deadline: RequestDeadline,
) -> Response:
    """Register a product, or correct its name and count."""
    return passed_on(await services.inventory.put(product_id, details, deadline))


@router.get(
    "/{product_id}",
    response_model=Product,
    responses=revalidated() | refusals(_404="No such product"),
)
async def show_product(
    product_id: Reference,
    _: Anybody,
    services: AllServices,
    deadline: RequestDeadline,
    validators: Validators,
) -> Response:
    """One product, and what is left of it."""
    return validators.answer(await services.inventory.product(product_id, deadline))


@router.get("", response_model=list[Product], responses=revalidated())
async def list_products(
    _: Anybody,
    services: AllServices,
    deadline: RequestDeadline,
    validators: Validators,
    after: Annotated[Reference | None, Query(description="Last number of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """Products in the order of their numbers, a page at a time."""
    return validators.answer(await services.inventory.page(after, limit, deadline))
