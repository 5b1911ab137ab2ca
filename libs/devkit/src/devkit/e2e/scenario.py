"""What is ordered in the run on a cluster."""

from dataclasses import replace

from devkit.mix import mixed_orders
from devkit.scenario import Scenario


def scenario_of(first: int, further: int) -> Scenario:
    """A whole mix of ``first`` orders, with every outcome, and ``further`` ones behind it.

    Those compete for what the first ones have left of a tight credit and of a scarce product:
    nothing, so that sagas are undone during every step.
    """
    mix = mixed_orders(first, seed=1).scenario
    more = mixed_orders(further, seed=2).scenario
    customers = {one.customer_id: one for one in (*more.customers, *mix.customers)}
    products = {one.product_id: one for one in (*more.products, *mix.products)}
    behind = tuple(replace(order, key=f"further-{order.key}") for order in more.orders)
    return Scenario(
        customers=tuple(customers.values()),
        products=tuple(products.values()),
        orders=(*mix.orders, *behind),
    )
