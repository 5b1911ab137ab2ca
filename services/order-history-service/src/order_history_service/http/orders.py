"""The HTTP interface to orders: all of them, for staff, and one."""

from uuid import UUID

from fastapi import APIRouter

from chassis.http import documented
from order_history_service.http.models import OrderAnswer, OrderPageAnswer
from order_history_service.http.parameters import Filter, PageOf
from order_history_service.http.problems import INVALID_CURSOR, INVALID_FILTER, ORDER_NOT_FOUND
from order_history_service.http.reading import AFTER_OWN_WRITES, UNREADY, HistoryTransaction
from order_history_service.queries.orders import find_orders, get_order

router = APIRouter(prefix="/orders", tags=["orders"], dependencies=[AFTER_OWN_WRITES])


@router.get("", responses=documented(INVALID_FILTER, INVALID_CURSOR, *UNREADY))
async def list_orders(session: HistoryTransaction, wanted: Filter, page: PageOf) -> OrderPageAnswer:
    """Everybody's orders, newest first, a page at a time."""
    found = await find_orders(session, wanted, after=page.after, limit=page.limit)
    return OrderPageAnswer.of(found)


@router.get("/{order_id}", responses=documented(ORDER_NOT_FOUND, *UNREADY))
async def show_order(order_id: UUID, session: HistoryTransaction) -> OrderAnswer:
    """One order, with its items, its states so far, and its shipment."""
    return OrderAnswer.model_validate(await get_order(session, order_id))
