"""What the platform is made of: the services that are installed, and the parts of each of them.

A service says that it is one by an entry point in its `pyproject.toml`:

[project.entry-points."longship.services"]
order-service = "order_service"
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Final

from chassis.messaging.description import topology_of
from chassis.messaging.topology import ServiceTopology

ORDER_SERVICE: Final = "order-service"
CUSTOMER_SERVICE: Final = "customer-service"
INVENTORY_SERVICE: Final = "inventory-service"
SHIPPING_SERVICE: Final = "shipping-service"
ORDER_HISTORY_SERVICE: Final = "order-history-service"
API_GATEWAY: Final = "api-gateway"


ENTRY_POINTS: Final = "longship.services"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployable:
    """A service as it is deployed: always HTTP, and what else its package has.

    Whether it has a relay follows from its messaging: whoever publishes has one.
    """

    name: str

    @property
    def package(self) -> str:
        """Also the name of its database and of the database's role."""
        return self.name.replace("-", "_")

    @property
    def messaging(self) -> bool:
        return self._has("messaging")

    @property
    def database(self) -> bool:
        """With messaging comes one, for the inbox and the outbox."""
        return self.messaging or self._has("persistence")

    @property
    def topology(self) -> ServiceTopology:
        """What it declares; nothing, where it has no messaging."""
        if self.messaging:
            return topology_of(self.package)
        return ServiceTopology(service=self.name, context=self.package)

    @property
    def relay(self) -> bool:
        return bool(self.topology.publishes)

    def _has(self, part: str) -> bool:
        return find_spec(f"{self.package}.{part}") is not None


def _installed() -> tuple[Deployable, ...]:
    names = sorted(entry_points(group=ENTRY_POINTS).names)
    if not names:
        raise RuntimeError("no service is installed here: run `make install` in the repository")
    return tuple(Deployable(name=name) for name in names)


DEPLOYABLES: Final = _installed()
BEHIND_THE_GATEWAY: Final = (
    *(ORDER_SERVICE, CUSTOMER_SERVICE, INVENTORY_SERVICE, SHIPPING_SERVICE),
    ORDER_HISTORY_SERVICE,
)
THE_SHOP: Final = (*BEHIND_THE_GATEWAY, API_GATEWAY)
"""The services of the example; others may be added beside them."""
SAGA_SERVICES: Final = (ORDER_SERVICE, CUSTOMER_SERVICE, INVENTORY_SERVICE)
SERVICES: Final = tuple(deployable.name for deployable in DEPLOYABLES)


def deployables(names: Iterable[str]) -> tuple[Deployable, ...]:
    """Those with the names; raises KeyError for a name that no service has."""
    known = {deployable.name: deployable for deployable in DEPLOYABLES}
    return tuple(known[name] for name in names)


def with_database() -> tuple[Deployable, ...]:
    return tuple(deployable for deployable in DEPLOYABLES if deployable.database)


def with_messaging() -> tuple[Deployable, ...]:
    return tuple(deployable for deployable in DEPLOYABLES if deployable.messaging)


def with_relay() -> tuple[Deployable, ...]:
    return tuple(deployable for deployable in DEPLOYABLES if deployable.relay)


def topologies() -> tuple[ServiceTopology, ...]:
    """What all services with messaging declare."""
    return tuple(deployable.topology for deployable in with_messaging())


def relay_of(service: str) -> str:
    return f"{service}-relay"
