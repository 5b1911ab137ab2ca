"""shipping-service: shipments of approved orders, which a carrier picks up and delivers.

Everything that the service does starts here: the events that it reacts to, the carrier that it
works with, and its HTTP routes. It takes no commands and gives none: it is the choreographed half.
"""

from chassis.http import declare_problems
from chassis.service import Service
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.http.problems import PROBLEMS
from shipping_service.http.routes import router
from shipping_service.messaging.event_handlers import EventHandlers
from shipping_service.messaging.topology import TOPOLOGY
from shipping_service.settings import Settings


def build(settings: Settings) -> Service:
    service = Service(settings, TOPOLOGY)
    carrier = SimulatedCarrier(service.database, CarrierBehaviour.of(settings))
    service.handle_events(EventHandlers(carrier).table)
    service.run_beside("carrier", carrier.run)
    service.http.include_router(router)
    declare_problems(service.http, *PROBLEMS)
    return service
