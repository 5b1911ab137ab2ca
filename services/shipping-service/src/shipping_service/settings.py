"""What shipping-service needs to know of its surroundings."""

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service, and how the simulated carrier behaves."""

    carrier_pickup_seconds: float = Field(default=5.0, ge=0, le=86_400)
    """From the request to the scheduled pickup: as long, an order can be cancelled."""
    carrier_transit_seconds: float = Field(default=2.0, ge=0, le=86_400)
    """From the dispatch to the delivery, or to its failure."""
    carrier_failure_percent: int = Field(default=0, ge=0, le=100)
    """So many of a hundred orders cannot be delivered; which ones, follows from their ids."""
