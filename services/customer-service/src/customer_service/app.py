"""customer-service: credit limits, and the credit that orders reserve, use and give back.

Everything that the service does starts here: the commands that it handles, the events that it
reacts to and its HTTP routes.
"""

from chassis.http import declare_problems
from chassis.service import Service
from customer_service.http.problems import PROBLEMS
from customer_service.http.routes import router
from customer_service.messaging.command_handlers import COMMAND_HANDLERS
from customer_service.messaging.event_handlers import EVENT_HANDLERS
from customer_service.messaging.topology import TOPOLOGY
from customer_service.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(settings, TOPOLOGY)
    service.handle_commands(COMMAND_HANDLERS)
    service.handle_events(EVENT_HANDLERS)
    service.http.include_router(router)
    declare_problems(service.http, *PROBLEMS)
    return service
