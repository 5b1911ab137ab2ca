"""Money and stock must add up across services that share no transaction."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

from devkit.books import Books, CustomerAccount, ProductStock


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
    return found


def _owed(books: Books) -> dict[str, dict[UUID, Decimal]]:
    """The totals of approved orders, by customer and order."""
    owed: dict[str, dict[UUID, Decimal]] = defaultdict(dict)
    for order in books.approved:
        owed[order.customer_id][order.order_id] = order.total
    return owed


def _bought(books: Books) -> dict[str, dict[UUID, int]]:
    """The quantities of approved orders, by product and order."""
    bought: dict[str, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for order in books.approved:
        for line in order.lines:
            bought[line.product_id][order.order_id] += line.quantity
    return bought


def _of_customer(account: CustomerAccount, owed: Mapping[UUID, Decimal]) -> Iterator[str]:
    customer = account.customer
    name = f"customer {customer.customer_id}"
    used = customer.reserved + customer.confirmed
    yield from _order_by_order(name, account.held, owed)
    if used != sum(owed.values()):
        yield f"{name} has used {used} of credit, approved orders come to {sum(owed.values())}"
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
            f"{name} has {product.available} left of {stock}, approved orders took"
            f" {sum(bought.values())}"
        )
    if not 0 <= product.reserved <= product.on_hand:
        yield f"{name} has {product.reserved} reserved of {product.on_hand} on hand"


def _order_by_order(
    name: str, held: Mapping[UUID, Decimal | int], due: Mapping[UUID, Decimal | int]
) -> Iterator[str]:
    for order_id in sorted(held.keys() | due.keys()):
        if held.get(order_id, 0) != due.get(order_id, 0):
            yield (
                f"{name} holds {held.get(order_id, 0)} for order {order_id}, where"
                f" {due.get(order_id, 0)} is due"
            )
