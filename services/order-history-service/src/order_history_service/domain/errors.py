"""What a query cannot be answered for."""

from uuid import UUID


class HistoryError(Exception):
    """Base of this service's business errors."""


class OrderNotFoundError(HistoryError):
    """The history shows no order with this id."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(
            f"The history shows no order {order_id}; one that was just placed shows in a moment"
        )


class CustomerNotFoundError(HistoryError):
    """The history knows nobody with this number, and no order of theirs."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(
            f"The history knows no customer {customer_id}; "
            "one who was just registered shows in a moment"
        )


class InvalidFilterError(HistoryError):
    """What is asked for cannot be there, or cannot be looked for."""


class InvalidCursorError(HistoryError):
    """A cursor that no answer of this service has given."""

    def __init__(self) -> None:
        super().__init__(
            "The cursor is none that this service has given; "
            "use `next_cursor` of the page before as it is, or begin without a cursor"
        )
