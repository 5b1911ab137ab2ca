"""A user's own customers, products and orders: checked completely before anything is loaded."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from devkit.csv_fields import amount, count, day, identifier, price, quantity, words
from devkit.csv_table import Problem, Row, read_table
from devkit.models import Line
from devkit.scenario import PlannedCustomer, PlannedOrder, PlannedProduct, Scenario

_CUSTOMER_COLUMNS = ("customer_id", "name", "country")
_PRODUCT_COLUMNS = ("product_id", "name", "unit_price", "units_in_stock")
_ORDER_COLUMNS = (
    "order_id",
    "customer_id",
    "ordered_at",
    "product_id",
    "quantity",
    "unit_price",
)
_MOST_LINES = 100
_SHOWN = 20


class InputFolderError(ValueError):
    """The folder cannot be used; the message names each wrong row by file, line and reason."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [str(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            shown.append(f"… and {len(problems) - _SHOWN} more")
        super().__init__("\n".join(shown))


def read_input_folder(folder: Path, *, credit_limit: Decimal) -> Scenario:
    """The scenario in customers.csv, products.csv and orders.csv; raises InputFolderError.

    ``credit_limit`` holds for customers without one of their own. Orders that name an unknown
    customer or product are no mistake of the files: they are there to be rejected.
    """
    problems: list[Problem] = []
    _check(folder)
    customers = _customers(folder / "customers.csv", credit_limit, problems)
    products = _products(folder / "products.csv", problems)
    orders = _orders(folder / "orders.csv", problems)
    if problems:
        raise InputFolderError(problems)
    return Scenario(
        customers=tuple(customers),
        products=tuple(products),
        orders=tuple(orders),
        notes=tuple(_notes(customers, products, orders)),
    )


def _check(folder: Path) -> None:
    try:
        list(folder.iterdir())
    except OSError as error:
        reason = f"the folder cannot be read: {error.strerror}"
        raise InputFolderError([Problem(file=str(folder), line=None, reason=reason)]) from error


def _customers(path: Path, limit: Decimal, problems: list[Problem]) -> list[PlannedCustomer]:
    customers = []
    first_lines: dict[str, int] = {}
    for row in read_table(path, columns=_CUSTOMER_COLUMNS, problems=problems):
        customer_id = row.read("customer_id", identifier)
        name = row.read("name", words)
        country = row.read("country", words)
        own_limit = row.read("credit_limit", amount) if row.has("credit_limit") else limit
        _note_duplicate(row, "customer_id", customer_id, first_lines)
        if customer_id and name and country and own_limit is not None:
            customers.append(
                PlannedCustomer(
                    customer_id=customer_id, name=name, country=country, credit_limit=own_limit
                )
            )
    return customers


def _products(path: Path, problems: list[Problem]) -> list[PlannedProduct]:
    products = []
    first_lines: dict[str, int] = {}
    for row in read_table(path, columns=_PRODUCT_COLUMNS, problems=problems):
        product_id = row.read("product_id", identifier)
        name = row.read("name", words)
        row.read("unit_price", amount)
        on_hand = row.read("units_in_stock", count)
        _note_duplicate(row, "product_id", product_id, first_lines)
        if product_id and name and on_hand is not None:
            products.append(PlannedProduct(product_id=product_id, name=name, on_hand=on_hand))
    return products


def _orders(path: Path, problems: list[Problem]) -> list[PlannedOrder]:
    rows = read_table(path, columns=_ORDER_COLUMNS, problems=problems)
    first_lines: dict[str, int] = {}
    orders = []
    for order_id, together in itertools.groupby(rows, key=lambda row: row.fields["order_id"]):
        of_order = list(together)
        first = of_order[0]
        if order_id in first_lines:
            first.wrong(
                f"order {order_id!r} has lines here and at line {first_lines[order_id]}:"
                " the lines of an order stand together"
            )
        first_lines.setdefault(order_id, first.line)
        orders.append(_order(of_order))
    return [order for order in orders if order is not None]


def _order(rows: list[Row]) -> PlannedOrder | None:
    order_id = rows[0].read("order_id", identifier)
    customer_id = rows[0].read("customer_id", identifier)
    if len(rows) > _MOST_LINES:
        rows[_MOST_LINES].wrong(f"an order has at most {_MOST_LINES} lines, this has {len(rows)}")
    for row in rows[1:]:
        if row.fields["customer_id"] != rows[0].fields["customer_id"]:
            row.wrong(
                f"the order's customer is {row.fields['customer_id']!r} here and"
                f" {rows[0].fields['customer_id']!r} at line {rows[0].line}"
            )
    lines = [_line(row) for row in rows]
    if order_id is None or customer_id is None or None in lines:
        return None
    return PlannedOrder(
        key=order_id, customer_id=customer_id, lines=tuple(line for line in lines if line)
    )


def _line(row: Row) -> Line | None:
    row.read("ordered_at", day)
    product_id = row.read("product_id", identifier)
    ordered = row.read("quantity", quantity)
    unit_price = row.read("unit_price", price)
    if product_id is None or ordered is None or unit_price is None:
        return None
    return Line(product_id=product_id, quantity=ordered, unit_price=unit_price)


def _notes(
    customers: list[PlannedCustomer], products: list[PlannedProduct], orders: list[PlannedOrder]
) -> Iterator[str]:
    known_customers = {customer.customer_id for customer in customers}
    strangers = sum(order.customer_id not in known_customers for order in orders)
    if strangers:
        yield f"orders for a customer that customers.csv does not know: {strangers}"
    known_products = {product.product_id for product in products}
    unknown = sum(
        any(line.product_id not in known_products for line in order.lines) for order in orders
    )
    if unknown:
        yield f"orders for a product that products.csv does not know: {unknown}"


def _note_duplicate(row: Row, column: str, value: str | None, first_lines: dict[str, int]) -> None:
    if value is None:
        return
    if value in first_lines:
        row.wrong(f"{column} {value!r} is already in line {first_lines[value]}")
    first_lines.setdefault(value, row.line)
