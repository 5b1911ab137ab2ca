"""order-history-service: what customers ordered and what became of it, from everybody's events.

It decides nothing and publishes nothing: it keeps one view over the events of orders, customers,
products and shipments, and answers queries from it.
"""

from chassis.http import declare_problems
from chassis.service import Service
from order_history_service.http.customers import router as customers
from order_history_service.http.orders import router as orders
from order_history_service.http.problems import PROBLEMS
from order_history_service.messaging.topology import TOPOLOGY
from order_history_service.settings import Settings
from order_history_service.view import ORDER_HISTORY


def build(settings: Settings) -> Service:
    service = Service(settings, TOPOLOGY)
    service.keep(ORDER_HISTORY)
    service.http.include_router(customers)
    service.http.include_router(orders)
    declare_problems(service.http, *PROBLEMS)
    return service
