"""How the simulated carrier of shipping-service behaves in a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zlib import crc32


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """What shipping-service is told of its carrier.

    Until the pickup, ``pickup_seconds`` after its approval, an order can be cancelled.
    """

    pickup_seconds: float
    transit_seconds: float
    failure_percent: int

    @property
    def settings(self) -> Mapping[str, str]:
        """The environment of shipping-service."""
        return {
            "CARRIER_PICKUP_SECONDS": str(self.pickup_seconds),
            "CARRIER_TRANSIT_SECONDS": str(self.transit_seconds),
            "CARRIER_FAILURE_PERCENT": str(self.failure_percent),
        }

    def fails(self, order_id: UUID) -> bool:
        """Whether the order's goods cannot be delivered: shipping-service's own rule."""
        return crc32(order_id.bytes) % 100 < self.failure_percent
