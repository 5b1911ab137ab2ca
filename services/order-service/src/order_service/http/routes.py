"""The HTTP interface: placing, showing and cancelling orders, and looking into their sagas."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from chassis.flows import awaited
from chassis.http import Answer, Idempotency, Transaction, documented, provided
from chassis.http.consistency import TOKEN_DOCUMENTED, token_headers
from chassis.http.idempotency import IDEMPOTENCY_KEY_REUSED, REPLAY_DOCUMENTED
from chassis.ids import new_id
from chassis.outbox.publishing import reserve
from chassis.sagas import SagaHistory, SagaOrchestrator, saga_history
from order_service.domain.order import Order, OrderState
from order_service.flows import FLOWS
from order_service.http.models import OrderAnswer, OrderDetails, OrderRequest, PlacedOrderAnswer
from order_service.http.problems import (
    INVALID_ORDER,
    ORDER_NOT_FOUND,
    ORDER_STATE,
    ORDER_UNDECIDED,
)
from order_service.persistence.orders import get_order, get_order_and_saga, orders_after, work_on
from order_service.sagas.cancel_order import CancelOrderData, CancelOrderSaga
from order_service.sagas.create_order import CreateOrderData, CreateOrderSaga

Orchestrator = Annotated[SagaOrchestrator, provided(SagaOrchestrator)]

LOCATION = {"Location": {"description": "The order", "schema": {"type": "string"}}}

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=PlacedOrderAnswer,
    responses={
        202: {"headers": LOCATION | REPLAY_DOCUMENTED | TOKEN_DOCUMENTED},
        **documented(INVALID_ORDER, IDEMPOTENCY_KEY_REUSED),
    },
)
async def place_order(
    request: OrderRequest,
    session: Transaction,
    orchestrator: Orchestrator,
    idempotency: Idempotency,
) -> Response:
    """Accept an order; whether it is approved shows at its Location within moments."""
    order = Order.place(
        order_id=new_id(),
        customer_id=request.customer_id,
        lines=request.order_lines(),
        at=datetime.now(UTC),
    )
    event_id = new_id()
    answer = Answer(
        status=status.HTTP_202_ACCEPTED,
        body=PlacedOrderAnswer.model_validate(order),
        headers={"Location": f"/orders/{order.order_id}", **token_headers(event_id)},
    )
    earlier = await idempotency.claim(session, request, answer)
    if earlier is not None:
        return earlier
    reserve(session, event_id)
    data = CreateOrderData.model_validate(order)
    await orchestrator.start(session, CreateOrderSaga, data, subject_key=str(order.order_id))
    return answer.to_response()


@router.post(
    "/{order_id}/cancellation",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(ORDER_NOT_FOUND, ORDER_STATE, ORDER_UNDECIDED),
)
async def cancel_order(
    order_id: UUID, session: Transaction, orchestrator: Orchestrator
) -> OrderAnswer:
    """Begin to cancel an approved order; asking again while that is under way changes nothing.

    No event tells of the beginning, so there is no token: views hear of the end.
    """
    order = await get_order(session, order_id, lock=True)
    if order.state is not OrderState.CANCEL_PENDING:
        data = CancelOrderData.of(order)
        await orchestrator.start(session, CancelOrderSaga, data, subject_key=str(order_id))
    return OrderAnswer.of(*await get_order_and_saga(session, order_id))


@router.get("/{order_id}", responses=documented(ORDER_NOT_FOUND))
async def show_order(order_id: UUID, session: Transaction) -> OrderDetails:
    """One order, which saga works on it, and which events of other services are due for it."""
    order, saga_id = await get_order_and_saga(session, order_id)
    waits_for = await awaited(session, FLOWS, order_id) if order.may_wait else ()
    work = await work_on(session, order)
    return OrderDetails.waiting(OrderAnswer.of(order, saga_id), work, waits_for)


@router.get("")
async def list_orders(
    session: Transaction,
    after: Annotated[UUID | None, Query(description="Last order of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    state: OrderState | None = None,
) -> list[OrderAnswer]:
    """Orders in the order of their placing, a page at a time."""
    page = await orders_after(session, after, limit, state)
    return [OrderAnswer.of(order, saga_id) for order, saga_id in page]


@router.get("/{order_id}/sagas", responses=documented(ORDER_NOT_FOUND))
async def show_sagas(order_id: UUID, session: Transaction) -> list[SagaHistory]:
    """Every saga of the order, with each command, reply, attempt and time-out."""
    await get_order(session, order_id)
    return await saga_history(session, str(order_id))
