"""Who says what to whom: the catalogues of all services, looked at from one of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from chassis.messaging.catalogue import Catalogue, Spoken
from chassis.messaging.contracts import Kind, Message


@dataclass(frozen=True)
class Neighbours:
    """All services with messaging, by name."""

    catalogues: Mapping[str, Catalogue]

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {
            message.wire_type: name
            for name, catalogue in self.catalogues.items()
            for message in catalogue.owned
        }

    def owner(self, wire_type: str) -> str | None:
        return self._owners.get(wire_type)

    def readers(self, wire_type: str) -> list[str]:
        """The services that receive messages of this type."""
        return list(self._with(wire_type, "received"))

    def senders(self, wire_type: str) -> list[str]:
        return list(self._with(wire_type, "sent"))

    def original(self, message: type[Message]) -> type[Message]:
        """The owner's class, which is documented, of a copy."""
        owner = self.owner(message.wire_type)
        owned = self.catalogues[owner].owned if owner else ()
        return next((one for one in owned if one.wire_type == message.wire_type), message)

    def _with(self, wire_type: str, direction: str) -> Iterator[str]:
        for name, catalogue in self.catalogues.items():
            spoken: tuple[Spoken, ...] = getattr(catalogue, direction)
            if any(one.message.wire_type == wire_type for one in spoken):
                yield name


def of_kind(spoken: Iterable[Spoken], kind: Kind) -> list[Spoken]:
    return [one for one in spoken if one.message.kind is kind]
