"""Money, stock and shipments must add up across services that share no transaction."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

from devkit.books import Books, CustomerAccount, ProductStock
from devkit.models import OrderState, ShipmentState

_SHIPMENT_OF = {
    OrderState.DELIVERED: ShipmentState.DELIVERED,
    OrderState.UNDELIVERED: ShipmentState.FAILED,
    OrderState.CANCELLED: ShipmentState.WITHHELD,
}


def disagreements(books: Books, *, stock: Mapping[str, int]) -> list[str]:
    """Every sum that does not agree, told in a sentence; empty when all do.

    ``stock`` is what was on hand of each product before the first order.
    """
    owed = _owed(books)
    bought = _bought(books)
    found: list[str] = []
    for account in books.accounts:
        found += _of_customer(account, owed.get(account.customer.customer_id, {}))
    for item in books.stocks:
        product_id = item.product.product_id
        found += _of_product(item, bought.get(product_id, {}), stock.get(product_id, 0))
        found += _on_hand(item, books, stock.get(product_id, 0))
    return [*found, *_of_shipments(books)]


def _owed(books: Books) -> dict[str, dict[UUID, Decimal]]:
    """The totals of orders that hold goods, by customer and order."""
    owed: dict[str, dict[UUID, Decimal]] = defaultdict(dict)
    for order in books.holding:
        owed[order.customer_id][order.order_id] = order.total
    return owed


def _bought(books: Books) -> dict[str, dict[UUID, int]]:
    """The quantities of orders that hold goods, by product and order."""
    bought: dict[str, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for order in books.holding:
        for line in order.lines:
            bought[line.product_id][order.order_id] += line.quantity
    return bought


def _of_shipments(books: Books) -> Iterator[str]:
    shipped = {shipment.order_id: shipment.state for shipment in books.shipments}
    for order in books.orders:
        expected = _SHIPMENT_OF.get(order.state)
        found = shipped.get(order.order_id)
        if expected is not None and found is not expected:
            yield f"order {order.order_id} is {order.state}, its shipment {found or 'not there'}"
        if order.state is OrderState.REJECTED and found is not None:
            yield f"order {order.order_id} is {order.state}, and has a shipment that is {found}"


def _of_customer(account: CustomerAccount, owed: Mapping[UUID, Decimal]) -> Iterator[str]:
    customer = account.customer
    name = f"customer {customer.customer_id}"
    used = customer.reserved + customer.confirmed
    yield from _order_by_order(name, account.held, owed)
    if used != sum(owed.values()):
        yield f"{name} has used {used} of credit, its orders come to {sum(owed.values())}"
    if used > customer.credit_limit:
        yield f"{name} has used {used} of credit and may use {customer.credit_limit}"
    if customer.available != customer.credit_limit - used:
        yield f"{name} has {customer.available} left of {customer.credit_limit} with {used} used"


def _of_product(item: ProductStock, bought: Mapping[UUID, int], stock: int) -> Iterator[str]:
    product = item.product
    name = f"product {product.product_id}"
    yield from _order_by_order(name, item.held, bought)
    if product.available != stock - sum(bought.values()):
        yield (
            f"{name} has {product.available} left of {stock}, orders took {sum(bought.values())}"
        )
    if not 0 <= product.reserved <= product.on_hand:
        yield f"{name} has {product.reserved} reserved of {product.on_hand} on hand"


def _on_hand(item: ProductStock, books: Books, stock: int) -> Iterator[str]:
    """What was delivered has left the warehouse."""
    product = item.product
    delivered = sum(
        line.quantity
        for order in books.orders
        if order.state is OrderState.DELIVERED
        for line in order.lines
        if line.product_id == product.product_id
    )
    if product.on_hand > stock - delivered:
        yield (
            f"product {product.product_id} has {product.on_hand} on hand of {stock}, of which"
            f" {delivered} were delivered"
        )


def _order_by_order(
    name: str, held: Mapping[UUID, Decimal | int], due: Mapping[UUID, Decimal | int]
) -> Iterator[str]:
    for order_id in sorted(held.keys() | due.keys()):
        if held.get(order_id, 0) != due.get(order_id, 0):
            yield (
                f"{name} holds {held.get(order_id, 0)} for order {order_id}, where"
                f" {due.get(order_id, 0)} is due"
            )
