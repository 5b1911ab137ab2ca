"""How the simulated carrier behaves."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import UUID
from zlib import crc32

from shipping_service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierBehaviour:
    """Nothing here is left to chance: whoever knows an order's id knows what will become of it."""

    pickup: timedelta
    transit: timedelta
    failure_percent: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            pickup=timedelta(seconds=settings.carrier_pickup_seconds),
            transit=timedelta(seconds=settings.carrier_transit_seconds),
            failure_percent=settings.carrier_failure_percent,
        )

    def fails(self, order_id: UUID) -> bool:
        """Whether the order's goods cannot be delivered."""
        return crc32(order_id.bytes) % 100 < self.failure_percent
