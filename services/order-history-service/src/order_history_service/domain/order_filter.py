"""Which orders are asked for."""

import re
from dataclasses import dataclass
from datetime import datetime

from order_history_service.domain.errors import InvalidFilterError
from order_history_service.domain.states import OrderState

_WORD = re.compile(r"\w")


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderFilter:
    """All conditions have to hold; those that are not given always do.

    `placed_from` is included and `placed_before` is not. `search` holds of orders with an item
    whose product's name has all these words; as people write it, with "phrases", `or` and `-not`.
    Raises InvalidFilterError.
    """

    customer_id: str | None = None
    states: frozenset[OrderState] = frozenset()
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    search: str | None = None

    def __post_init__(self) -> None:
        if self.placed_from and self.placed_before and self.placed_from >= self.placed_before:
            raise InvalidFilterError(
                "No order is placed between these moments: `placed_from` has to be before "
                "`placed_before`"
            )
        if self.search is not None and not _WORD.search(self.search):
            raise InvalidFilterError("There is nothing to search for: `search` has no word in it")
