"""The platform's services as contracts see them: composed, and never started."""

from importlib import import_module

from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.messaging.catalogue import catalogue_of
from chassis.service import Service
from chassis.testing.delivery import subscribers_of
from devkit.contracts.completeness import Party
from devkit.deployables import Deployable, with_messaging

_NOWHERE = {
    "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
    "nats_url": "nats://127.0.0.1:1",
}


def parties() -> list[Party]:
    """All services with messaging."""
    return [_party(one) for one in with_messaging()]


def _party(deployable: Deployable) -> Party:
    package = deployable.package
    settings = import_module(f"{package}.settings").Settings(**_NOWHERE)
    service: Service = import_module(f"{package}.app").build(settings)
    return Party(
        name=deployable.name, catalogue=catalogue_of(package), handlers=tuple(_handlers(service))
    )


def _handlers(service: Service) -> list[Handler]:
    return [
        handler
        for one in subscribers_of(service)
        if isinstance(one.processor, HandlerProcessor)
        for handler in one.processor.handlers.values()
    ]
