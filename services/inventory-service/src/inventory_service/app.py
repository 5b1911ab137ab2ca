"""inventory-service: products, and the stock that orders reserve, take and give back.

Everything that the service does starts here: the commands that it handles, the events that it
reacts to and its HTTP routes.
"""

from chassis.http import declare_problems
from chassis.service import Service
from inventory_service.http.problems import PROBLEMS
from inventory_service.http.routes import router
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.event_handlers import EVENT_HANDLERS
from inventory_service.messaging.topology import TOPOLOGY
from inventory_service.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(settings, TOPOLOGY)
    service.handle_commands(COMMAND_HANDLERS)
    service.handle_events(EVENT_HANDLERS)
    service.http.include_router(router)
    declare_problems(service.http, *PROBLEMS)
    return service
