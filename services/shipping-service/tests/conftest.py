"""shipping-service on a real, migrated database; no broker is needed for what is tested here."""

from datetime import timedelta

import pytest

from chassis.persistence.database import Database
from devkit.service_fixtures import service_fixtures
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.simulated import SimulatedCarrier

AT_ONCE = CarrierBehaviour(pickup=timedelta(), transit=timedelta(), failure_percent=50)

database_url, service, service_database, client = service_fixtures("shipping_service")


@pytest.fixture
def carrier(service_database: Database) -> SimulatedCarrier:
    """A carrier that comes at once, and loses every second shipment."""
    return SimulatedCarrier(service_database, AT_ONCE)
