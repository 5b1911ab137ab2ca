"""Orders: placing, cancelling, and everything about one of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from api_gateway.access import Caller, Reader, Writer
from api_gateway.answers.orders import Order, PlacedOrder
from api_gateway.calls.call import IDEMPOTENCY_KEY
from api_gateway.http.answering import passed_on
from api_gateway.http.consistency import ConsistencyHeaders
from api_gateway.http.deadlines import CompositionDeadline, RequestDeadline
from api_gateway.http.problems import (
    ANOTHERS_ORDER,
    EVERYWHERE,
    ORDER_NOT_FOUND,
    AnothersOrderError,
    OrderNotFoundError,
    refusals,
)
from api_gateway.order_details import OrderDetails, order_details
from api_gateway.services import Services
from chassis.http import documented, provided
from chassis.http.consistency import TOKEN_DOCUMENTED
from chassis.values import WHOLE, Given, PositiveMoney, Reference

router = APIRouter(prefix="/orders", tags=["orders"], responses=EVERYWHERE)

AllServices = Annotated[Services, provided(Services)]


class RequestedLine(BaseModel):
    """So many of a product, at the price agreed."""

    product_id: Annotated[Reference, Field(examples=["11"])]
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True, examples=[12]), WHOLE]
    unit_price: Annotated[PositiveMoney, Given(integer_digits=8), Field(examples=["14.00"])]


class OrderRequest(BaseModel):
    """What a customer wants."""

    customer_id: Annotated[Reference, Field(examples=["ALFKI"])]
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]


@router.post(
    "",
    status_code=202,
    response_model=PlacedOrder,
    responses={202: {"headers": TOKEN_DOCUMENTED}}
    | documented(ANOTHERS_ORDER)
    | refusals(_422="The order cannot be placed as it is"),
)
async def place_order(
    request: OrderRequest,
    caller: Writer,
    services: AllServices,
    deadline: RequestDeadline,
    idempotency_key: Annotated[
        str,
        Header(
            pattern=r"^[\x21-\x7e]{1,200}$",
            description="Chosen by the client, one for each intent: the same key and body get the "
            "same answer again, marked `Idempotent-Replayed: true`",
            examples=["01a20fd3-ab18-7215-b2d5-411c6100609a"],
        ),
    ],
) -> Response:
    """Accept an order; whether it is approved shows at its Location within moments."""
    if not caller.may_see(request.customer_id):
        raise AnothersOrderError("The token is for the orders of another customer")
    headers = {IDEMPOTENCY_KEY: idempotency_key}
    return passed_on(await services.orders.place(request, headers, deadline))


@router.post(
    "/{order_id}/cancellation",
    status_code=202,
    response_model=Order,
    responses={202: {"headers": TOKEN_DOCUMENTED}}
    | documented(ORDER_NOT_FOUND)
    | refusals(_409="The order's state forbids it"),
)
async def cancel_order(
    order_id: UUID, caller: Writer, services: AllServices, deadline: RequestDeadline
) -> Response:
    """Begin to cancel an approved order; asking again while that is under way changes nothing."""
    if not caller.is_staff:
        _check(caller, await services.orders.order(order_id, deadline))
    return passed_on(await services.orders.cancel(order_id, deadline))


@router.get("/{order_id}", responses=documented(ORDER_NOT_FOUND))
async def show_order(
    order_id: UUID,
    caller: Reader,
    services: AllServices,
    deadline: CompositionDeadline,
    consistency: ConsistencyHeaders,
) -> OrderDetails:
    """An order with its customer, products, stock, shipment and history.

    A part that cannot be had in time is named in `missing`; without the order itself there is no
    answer.
    """
    return await order_details(
        services,
        order_id,
        may_see=lambda order: _check(caller, order),
        headers=consistency,
        deadline=deadline,
    )


def _check(caller: Caller, order: Order) -> None:
    if not caller.may_see(order.customer_id):
        raise OrderNotFoundError(order.order_id)
