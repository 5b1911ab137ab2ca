"""devkit keeps its own copy of the simulated carrier's rule; the copy fits the original."""

from datetime import timedelta

import pytest

from chassis.ids import new_id
from devkit.carrier import Carrier
from shipping_service.carrier.behaviour import CarrierBehaviour


@pytest.mark.parametrize("percent", [0, 15, 100])
def test_devkit_foresees_what_the_carrier_does(percent: int):
    foreseen = Carrier(pickup_seconds=0, transit_seconds=0, failure_percent=percent)
    does = CarrierBehaviour(pickup=timedelta(), transit=timedelta(), failure_percent=percent)

    for order_id in (new_id() for _ in range(200)):
        assert foreseen.fails(order_id) == does.fails(order_id)
