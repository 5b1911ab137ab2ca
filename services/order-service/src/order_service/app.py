"""order-service: orders, which sagas approve and cancel together with the other services.

Everything that the service does starts here: the sagas that it orchestrates, the events that it
reacts to, the flows that it watches, and its HTTP routes.
"""

from chassis.http import declare_problems, provide
from chassis.service import Service
from order_service.flows import FLOWS
from order_service.http.problems import PROBLEMS
from order_service.http.routes import router
from order_service.messaging.event_handlers import EVENT_HANDLERS
from order_service.messaging.topology import TOPOLOGY
from order_service.sagas.cancel_order import CancelOrderSaga
from order_service.sagas.create_order import CreateOrderSaga
from order_service.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(settings, TOPOLOGY)
    orchestrator = service.orchestrate(CreateOrderSaga, CancelOrderSaga)
    service.handle_events(EVENT_HANDLERS)
    service.watch(*FLOWS)
    provide(service.http, orchestrator)
    service.http.include_router(router)
    declare_problems(service.http, *PROBLEMS)
    return service
