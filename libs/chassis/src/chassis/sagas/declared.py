"""Which sagas a service declares, in which versions."""

from collections.abc import Iterator
from importlib import import_module

from chassis.sagas.definition import Saga, SagaDefinition


def sagas_of(package: str) -> tuple[SagaDefinition, ...]:
    """The definitions of an installed service, by type and version; its `app` is imported for it.

    As with messages, what the `app` imports is what the service has.
    """
    import_module(f"{package}.app")
    found = {
        saga
        for saga in _descendants(Saga)
        if saga.__module__.startswith(f"{package}.") and "saga_type" in vars(saga)
    }
    return tuple(sorted(found, key=lambda saga: (saga.saga_type, saga.version)))


def _descendants(saga: SagaDefinition) -> Iterator[SagaDefinition]:
    for child in saga.__subclasses__():
        yield child
        yield from _descendants(child)
