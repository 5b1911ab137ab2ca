"""What every list of orders takes: a filter, and which page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime

from chassis.values import Name
from order_history_service.domain.order_filter import OrderFilter
from order_history_service.domain.position import Position
from order_history_service.domain.states import OrderState

MAX_LIMIT = 200


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such moment in UTC; name one between the years 1 and 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list."""

    after: Position | None
    limit: int


def _filter(
    state: Annotated[
        list[OrderState] | None, Query(description="In one of these states; may be repeated")
    ] = None,
    placed_from: Annotated[
        Moment | None, Query(description="Placed at this moment or later, with its UTC offset")
    ] = None,
    placed_before: Annotated[
        Moment | None, Query(description="Placed before this moment, with its UTC offset")
    ] = None,
    search: Annotated[
        Name | None,
        Query(
            description="With an item whose product's name has these words; "
            'takes "phrases", `or` and `-without`'
        ),
    ] = None,
) -> OrderFilter:
    return OrderFilter(
        states=frozenset(state or ()),
        placed_from=placed_from,
        placed_before=placed_before,
        search=search,
    )


def _page(
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> PageRequest:
    return PageRequest(after=None if cursor is None else Position.of(cursor), limit=limit)


Filter = Annotated[OrderFilter, Depends(_filter)]
PageOf = Annotated[PageRequest, Depends(_page)]
