from collections import Counter

import pytest

from devkit.mix import mixed_orders
from devkit.scenario import PlannedOrder, Scenario


def outcome(scenario: Scenario, orders: tuple[PlannedOrder, ...]) -> tuple[int, int, Counter[str]]:
    """What honest services make of the orders in this order of arrival."""
    credit = {customer.customer_id: customer.credit_limit for customer in scenario.customers}
    stock = dict(scenario.stock)
    approved, rejected = [], Counter[str]()
    for order in orders:
        if reason := refusal(order, credit, stock):
            rejected[reason] += 1
            continue
        approved.append(order)
        credit[order.customer_id] -= order.total
        for line in order.lines:
            stock[line.product_id] -= line.quantity
    cancelled = sum(order.cancelled for order in approved)
    return len(approved) - cancelled, cancelled, rejected


def refusal(order: PlannedOrder, credit, stock) -> str | None:
    if order.customer_id not in credit:
        return "CUSTOMER_NOT_FOUND"
    if credit[order.customer_id] < order.total:
        return "CREDIT_LIMIT_EXCEEDED"
    if any(line.product_id not in stock for line in order.lines):
        return "PRODUCT_NOT_FOUND"
    if any(stock[line.product_id] < line.quantity for line in order.lines):
        return "OUT_OF_STOCK"
    return None


@pytest.mark.parametrize("count", [1, 9, 10, 37, 500])
def test_the_outcome_is_as_told_whichever_order_comes_first(count: int) -> None:
    mix = mixed_orders(count, seed=7)
    told = (mix.approved, mix.cancelled, mix.rejected)
    assert outcome(mix.scenario, mix.scenario.orders) == told
    assert outcome(mix.scenario, mix.scenario.orders[::-1]) == told


@pytest.mark.parametrize("count", [10, 200])
def test_everything_that_can_happen_to_an_order_happens(count: int) -> None:
    mix = mixed_orders(count, seed=7)
    assert set(mix.rejected) == {
        "CREDIT_LIMIT_EXCEEDED",
        "OUT_OF_STOCK",
        "CUSTOMER_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
    }
    assert mix.approved > 0
    assert mix.cancelled > 0
    assert any(order.repeated for order in mix.scenario.orders)
    assert len(mix.scenario.orders) == count


def test_the_same_seed_gives_the_same_orders_and_another_gives_others() -> None:
    assert mixed_orders(50, seed=1) == mixed_orders(50, seed=1)
    assert mixed_orders(50, seed=1) != mixed_orders(50, seed=2)
