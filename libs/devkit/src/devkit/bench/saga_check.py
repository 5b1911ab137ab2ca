"""Whether the sagas of a measurement came out as they must; a fast wrong answer counts nothing."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from devkit.books import Books
from devkit.models import Order, OrderState
from devkit.scenario import PlannedOrder
from devkit.sums import disagreements

_SHOWN = 5


class WrongSagasError(AssertionError):
    """Orders, money or stock are not what they must be; the message says which."""


def check_sagas(books: Books, *, placed: Sequence[PlannedOrder], stock: Mapping[str, int]) -> None:
    """Every order is decided, and decided rightly; all sums of credit and stock agree.

    `stock` is what was on hand before the first order, plenty or none. Raises WrongSagasError.
    """
    wrong = [*_wrong_orders(books, placed, stock), *disagreements(books, stock=stock)]
    if wrong:
        raise WrongSagasError(f"{len(wrong)} faults: {'; '.join(wrong[:_SHOWN])}")


def _wrong_orders(
    books: Books, placed: Sequence[PlannedOrder], stock: Mapping[str, int]
) -> Iterator[str]:
    orders = {order.order_id: order for order in books.orders}
    for planned in placed:
        expected = _expected(planned, stock)
        found = _found(orders.pop(UUID(planned.key), None))
        if found != expected:
            yield f"order {planned.key} is {found}, not {expected}"
    for order_id in orders:
        yield f"nobody placed order {order_id}"


def _expected(planned: PlannedOrder, stock: Mapping[str, int]) -> str:
    if any(stock[line.product_id] < line.quantity for line in planned.lines):
        return f"{OrderState.REJECTED}: OUT_OF_STOCK"
    return str(OrderState.APPROVED)


def _found(order: Order | None) -> str:
    if order is None:
        return "lost"
    if order.rejection_reason is None:
        return str(order.state)
    return f"{order.state}: {order.rejection_reason}"
