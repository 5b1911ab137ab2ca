"""What was ordered and what became of it: a customer's orders, their sums, a search over all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, StringConstraints

from api_gateway.access import Reader, Staff
from api_gateway.answers.history import OrderPage, Summary
from api_gateway.http.consistency import ConsistencyHeaders
from api_gateway.http.customers import check
from api_gateway.http.deadlines import RequestDeadline
from api_gateway.http.orders import AllServices
from api_gateway.http.problems import CUSTOMER_NOT_FOUND, EVERYWHERE, not_yet
from chassis.http import documented
from chassis.values import Name, Reference

router = APIRouter(tags=["history"], responses=EVERYWHERE | not_yet())

# Answers may come to name more states; what may be asked for is said exactly
State = Literal["PENDING", "APPROVED", "REJECTED", "CANCELLED", "DELIVERED", "UNDELIVERED"]
Cursor = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,500}$")]

_MAX_LIMIT: Final = 200


def wanted(
    *,
    state: Annotated[
        list[State] | None,
        Query(description="In one of these states; may be repeated", examples=[["DELIVERED"]]),
    ] = None,
    placed_from: Annotated[
        AwareDatetime | None, Query(description="Placed then or later, with its UTC offset")
    ] = None,
    placed_before: Annotated[
        AwareDatetime | None, Query(description="Placed before then, with its UTC offset")
    ] = None,
    search: Annotated[
        Name | None,
        Query(
            description="With an item whose product's name has these words; "
            'takes "phrases", `or` and `-without`',
            examples=["cabrales"],
        ),
    ] = None,
    cursor: Annotated[Cursor | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT)] = 50,
) -> Mapping[str, object]:
    """Which orders, as the history's own parameters."""
    return {
        "state": state,
        "placed_from": _text(placed_from),
        "placed_before": _text(placed_before),
        "search": search,
        "cursor": cursor,
        "limit": limit,
    }


Wanted = Annotated[Mapping[str, object], Depends(wanted)]


@router.get("/orders")
async def search_orders(
    _: Staff,
    services: AllServices,
    deadline: RequestDeadline,
    consistency: ConsistencyHeaders,
    wanted: Wanted,
) -> OrderPage:
    """Everybody's orders, newest first, a page at a time."""
    return await services.history.orders(wanted, consistency, deadline)


@router.get("/customers/{customer_id}/orders", responses=documented(CUSTOMER_NOT_FOUND))
async def list_orders_of_customer(
    *,
    customer_id: Reference,
    caller: Reader,
    services: AllServices,
    deadline: RequestDeadline,
    consistency: ConsistencyHeaders,
    wanted: Wanted,
) -> OrderPage:
    """A customer's orders, newest first, a page at a time."""
    check(caller, customer_id)
    return await services.history.orders_of(customer_id, wanted, consistency, deadline)


@router.get("/customers/{customer_id}/summary", responses=documented(CUSTOMER_NOT_FOUND))
async def show_summary(
    customer_id: Reference,
    caller: Reader,
    services: AllServices,
    deadline: RequestDeadline,
    consistency: ConsistencyHeaders,
) -> Summary:
    """What a customer has spent, has open and has cancelled, and the orders in each state."""
    check(caller, customer_id)
    return await services.history.summary(customer_id, consistency, deadline)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
