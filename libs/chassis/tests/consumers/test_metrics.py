"""What is counted of messages, and what JetStream says of a consumer."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY

from devkit.eventually import eventually

CONSUMER = "ledger-service:ledger.commands"
SEMCONV = {
    "messaging_system": "nats",
    "messaging_destination_template": "ledger.commands",
    "messaging_consumer_group_name": CONSUMER,
}


def shown(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None, f"{name} is not shown with {labels}"
    return value


@pytest.fixture
def counted() -> Any:
    """Reads counters as what was added since the test began."""
    readings = {
        "consumed": ("messaging_client_consumed_messages_total", SEMCONV),
        "batches": ("messaging_process_duration_seconds_count", {**SEMCONV, "error_type": ""}),
        "duplicates": ("inbox_duplicate_messages_total", {"consumer": CONSUMER}),
        "failed": ("deferred_messages_total", {"consumer": CONSUMER, "reason": "failed"}),
        "dead": (
            "dead_letter_messages_total",
            {"consumer": CONSUMER, "reason": "retries-exhausted"},
        ),
    }

    def read() -> dict[str, float]:
        return {
            key: REGISTRY.get_sample_value(name, labels) or 0
            for key, (name, labels) in readings.items()
        }

    before = read()
    return lambda: {key: value - before[key] for key, value in read().items()}


async def test_handled_messages_duplicates_failures_and_dead_letters_are_counted(
    ledger: Any, note: Any, counted: Any
) -> None:
    ledger.failing[2] = 100
    await ledger.start()
    for number in (1, 2):
        await ledger.send(note(f"account-{number}", number))
    first = note("account-3", 3)
    await ledger.send(first)
    await eventually(lambda: _noted(ledger, 3))
    await ledger.send(first, again="-again")

    await eventually(lambda: counted()["duplicates"] == 1)
    await eventually(lambda: counted()["dead"] == 1)
    assert counted()["consumed"] == 2
    assert counted()["failed"] == 1
    assert counted()["batches"] >= 1


async def test_counters_are_there_before_the_first_message(ledger: Any) -> None:
    await ledger.start()

    for reason in ("malformed", "unreadable", "retries-exhausted"):
        assert shown("dead_letter_messages_total", consumer=CONSUMER, reason=reason) >= 0


async def test_a_survey_shows_lag_and_partitions_as_jetstream_tells_them(
    ledger: Any, note: Any
) -> None:
    ledger.failing[1] = 0
    runtime = await ledger.start()
    await eventually(lambda: runtime._leases.held == {0, 1, 2, 3})
    await eventually(lambda: len(runtime._feeds) == 4)

    await runtime.survey()

    assert shown("messaging_consumer_partitions", **SEMCONV) == 4
    assert shown("messaging_consumer_partitions_held", **SEMCONV) == 4
    assert shown("messaging_consumer_pending_messages", **SEMCONV) == 0
    assert shown("messaging_consumer_last_fetch_timestamp_seconds", **SEMCONV) > 1e9


async def test_what_is_more_than_a_process_may_hold_shows_as_pending(
    ledger: Any, note: Any
) -> None:
    handling = asyncio.Event()

    async def held_up(_: Any) -> None:
        await handling.wait()

    ledger.before = held_up
    runtime = await ledger.start()
    await asyncio.gather(*(ledger.send(note("one-account", number)) for number in range(1100)))

    async def surveyed() -> bool:
        await runtime.survey()
        in_hand = shown("messaging_consumer_ack_pending_messages", **SEMCONV)
        return (in_hand, shown("messaging_consumer_pending_messages", **SEMCONV)) == (1000, 100)

    assert await eventually(surveyed, within=60, every=0.2)
    handling.set()


async def _noted(ledger: Any, number: int) -> bool:
    return number in await ledger.notes()
