"""Orders of every kind, and the sums across all services."""

from dataclasses import replace

from devkit.e2e.shop import CARRIER
from devkit.e2e.step import Result, Surroundings
from devkit.message_counts import read_message_counts
from devkit.outcome import Outcome, judge
from devkit.pace import in_flight
from devkit.quiet import all_quiet
from devkit.saga_counts import SagaCounts, read_saga_counts

_KINDS = ("approved", "rejected", "cancelled", "delivered", "shipment_failed")
_QUIET_SECONDS = 120


async def orders(at: Surroundings) -> Result:
    """As the demonstration does it."""
    with at.stages.stage("placing orders, cancelling some", total=at.orders) as placing:
        await at.shop.order(at.orders, stage=placing)
    with at.stages.stage("waiting until none is in flight") as waiting:
        await at.shop.settle(waiting)
        await all_quiet(at.addresses, within=_QUIET_SECONDS, observe=waiting.show)
    sagas = await read_saga_counts(at.addresses)
    outcome = await _outcome(at, sagas)
    return Result(
        figures=outcome.as_json() | {"sagas": sagas.ended},
        faults=(*outcome.disagreements, *_missing(outcome)),
    )


async def _outcome(at: Surroundings, sagas: SagaCounts) -> Outcome:
    reached = replace(at.addresses, relays=await at.forwards.relays())
    return judge(
        await at.shop.books(),
        accepted=at.shop.accepted.values(),
        stock=at.shop.scenario.stock,
        messages=await read_message_counts(reached),
        carrier=CARRIER,
        still_moving=await in_flight(at.shop.clients) + sagas.in_flight,
    )


def _missing(outcome: Outcome) -> list[str]:
    counts = outcome.as_json()
    missing = [f"no order was {kind.replace('_', ' ')}" for kind in _KINDS if not counts[kind]]
    if outcome.in_flight:
        missing.append(f"{outcome.in_flight} orders, shipments or sagas are still in flight")
    return missing
