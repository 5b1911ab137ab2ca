"""The HTTP interface to customers: their orders, and what these come to."""

from dataclasses import replace

from fastapi import APIRouter

from chassis.http import documented
from chassis.values import Reference
from order_history_service.http.models import OrderPageAnswer, SummaryAnswer
from order_history_service.http.parameters import Filter, PageOf
from order_history_service.http.problems import (
    CUSTOMER_NOT_FOUND,
    INVALID_CURSOR,
    INVALID_FILTER,
)
from order_history_service.http.reading import AFTER_OWN_WRITES, UNREADY, HistoryTransaction
from order_history_service.queries.customers import summarise
from order_history_service.queries.orders import find_orders

router = APIRouter(
    prefix="/customers/{customer_id}", tags=["customers"], dependencies=[AFTER_OWN_WRITES]
)


@router.get("/orders", responses=documented(INVALID_FILTER, INVALID_CURSOR, *UNREADY))
async def list_orders_of_customer(
    customer_id: Reference, session: HistoryTransaction, wanted: Filter, page: PageOf
) -> OrderPageAnswer:
    """A customer's orders, newest first, a page at a time; none of somebody who is not known."""
    wanted = replace(wanted, customer_id=customer_id)
    found = await find_orders(session, wanted, after=page.after, limit=page.limit)
    return OrderPageAnswer.of(found)


@router.get("/summary", responses=documented(CUSTOMER_NOT_FOUND, *UNREADY))
async def show_summary(customer_id: Reference, session: HistoryTransaction) -> SummaryAnswer:
    """What a customer has spent, has open and has cancelled, and the orders in each state."""
    return SummaryAnswer.model_validate(await summarise(session, customer_id))
