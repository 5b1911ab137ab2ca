"""Every alert fires when what it is about happens to real services and relays, and not before.

The causes are real and so are the scraped values. Only the waiting is not: what was scraped is held
for as long as the alerts ask for.
"""

import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.relay.store import SHARDS
from devkit.deployables import (
    API_GATEWAY,
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
    relay_of,
)
from devkit.observability.recording import Pages, enter, scrape, targets_of
from devkit.observability.storm import (
    age_waiting_messages,
    blocked_inbox,
    break_requests,
    expect_what_never_comes,
    fake_old_sagas,
    flood_inventory,
    foreign_member,
    leave_messages_in_the_outbox,
    park_a_message,
    place_hopeless_orders,
    rebuild_a_view_in_vain,
    refuse_connections,
    send_the_same_again,
    send_what_nobody_can_read,
    stopped,
    stuck_view,
)
from devkit.platform import NATS, Platform
from devkit.promql.alerting import AlertRule, Firing, firing, read_rules
from devkit.promql.evaluate import evaluate
from devkit.promql.series import History

RULES = read_rules(Path(__file__).parents[2] / "charts" / "demo" / "observability" / "rules")
BEFORE = 20 * 60.0
STEP = 30.0
HELD = 12 * 60.0

pytestmark = pytest.mark.slow

Labels = dict[str, str]
EXPECTED: dict[str, Labels] = {
    "OutboxStalled": {"job": relay_of(ORDER_SERVICE)},
    "OutboxBacklogGrowing": {"job": relay_of(ORDER_SERVICE)},
    "OutboxShardsUnheld": {"job": relay_of(ORDER_SERVICE)},
    "OutboxParked": {"job": relay_of(CUSTOMER_SERVICE)},
    "ConsumerLagHigh": {
        "job": INVENTORY_SERVICE,
        "messaging_consumer_group_name": "inventory-service:inventory.commands",
    },
    "ConsumerStuck": {
        "job": INVENTORY_SERVICE,
        "messaging_consumer_group_name": "inventory-service:inventory.commands",
    },
    "ConsumerPartitionsUnheld": {
        "job": ORDER_SERVICE,
        "messaging_consumer_group_name": "order-service:order.replies",
    },
    "ConsumerRedeliveries": {"job": CUSTOMER_SERVICE},
    "MessagesWaiting": {"job": CUSTOMER_SERVICE, "consumer": "customer-service:customer.commands"},
    "DeadLetterNew": {
        "job": CUSTOMER_SERVICE,
        "consumer": "customer-service:customer.commands",
        "reason": "malformed",
    },
    "SagaStuck": {"job": ORDER_SERVICE, "saga_type": "CreateOrder"},
    "SagaRetrying": {
        "job": ORDER_SERVICE,
        "saga_type": "CreateOrder",
        "step": "confirm_credit",
        "direction": "action",
    },
    "SagaNeedsAttention": {"job": ORDER_SERVICE, "saga_type": "CreateOrder"},
    "SagaVersionNotLoaded": {"job": ORDER_SERVICE, "saga_type": "CreateOrder", "version": "99"},
    "SagaCompensationRateHigh": {"job": ORDER_SERVICE, "saga_type": "CreateOrder"},
    "SagaTimersLate": {"job": ORDER_SERVICE},
    "FlowOverdue": {
        "job": ORDER_SERVICE,
        "flow": "fulfilment",
        "awaits": "ShipmentDelivered or ShipmentFailed",
    },
    "ViewLagging": {"job": ORDER_HISTORY_SERVICE, "view": "order_history", "version": "1"},
    "ViewIncomplete": {"job": ORDER_HISTORY_SERVICE, "view": "order_history"},
    "ViewRebuildStalled": {"job": ORDER_HISTORY_SERVICE, "view": "order_history"},
    "TargetDown": {"job": relay_of(CUSTOMER_SERVICE)},
    "DatabaseDown": {"job": INVENTORY_SERVICE},
    "NatsDisconnected": {"job": ORDER_SERVICE},
    "NatsPermissionViolation": {"job": relay_of(CUSTOMER_SERVICE), "operation": "publish"},
    "HttpErrorBudgetBurn": {"job": CUSTOMER_SERVICE},
    "CircuitOpen": {"job": API_GATEWAY, "upstream": CUSTOMER_SERVICE},
}


class Film:
    """What was scraped, with the time stretched to what the alerts wait for."""

    def __init__(self, platform: Platform) -> None:
        self._targets = targets_of(platform.addresses)
        self.history = History()
        self.at = 0.0

    async def scrape_until(self, *conditions: str, within: float = 180) -> Pages:
        """Scrape until all the queries find something, and say which do not otherwise."""
        give_up = asyncio.get_running_loop().time() + within
        while True:
            pages = await scrape(self._targets)
            scene = History()
            enter(scene, pages, 0)
            missing = [query for query in conditions if not evaluate(query, scene, 0)]
            if not missing:
                return pages
            assert asyncio.get_running_loop().time() < give_up, f"not seen: {missing}"
            await asyncio.sleep(1)

    def hold(self, pages: Pages, seconds: float) -> None:
        until = self.at + seconds
        while self.at < until:
            enter(self.history, pages, self.at)
            self.at += STEP


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def film(platform: Platform) -> Film:
    """Twenty good minutes, and then everything that can go wrong."""
    film = Film(platform)
    good = await film.scrape_until(
        "sum(messaging_consumer_partitions_held) == sum(messaging_consumer_partitions)",
        f"sum(outbox_shards_held) == {SHARDS} * count(outbox_shards_held)",
        "min(nats_connected) == 1",
        'max(view_lag_messages{state="live"}) == 0',
        "min(up) == 1",
        within=120,
    )
    film.hold(good, BEFORE)
    async with AsyncExitStack() as troubles:
        await troubles.enter_async_context(blocked_inbox(platform))
        await rebuild_a_view_in_vain(platform)
        await troubles.enter_async_context(stuck_view(platform))
        await flood_inventory(platform)
        await fake_old_sagas(platform)
        await expect_what_never_comes(platform)
        await park_a_message(platform)
        for number in (1, 2):
            await send_what_nobody_can_read(platform)
            await send_the_same_again(platform)
            await place_hopeless_orders(platform)
            await break_requests(platform)
            await age_waiting_messages(platform)
            film.hold(await film.scrape_until(*_first_signs(number)), HELD)
        order_replies = "order-service:order.replies"
        await troubles.enter_async_context(
            foreign_member(platform, ORDER_SERVICE, order_replies, 4)
        )
        await troubles.enter_async_context(
            foreign_member(platform, ORDER_SERVICE, "outbox-relay", SHARDS)
        )
        await refuse_connections(platform, INVENTORY_SERVICE)
        await age_waiting_messages(platform)
        film.hold(await film.scrape_until(*_second_signs()), HELD)
    async with stopped(platform, NATS, relay_of(CUSTOMER_SERVICE)):
        for number in (1, 2, 3):
            await leave_messages_in_the_outbox(platform, 600)
            film.hold(await film.scrape_until(*_last_signs(number)), HELD / 2)
    return film


def _first_signs(number: int) -> tuple[str, ...]:
    consumed = '{messaging_consumer_group_name="inventory-service:inventory.commands"}'
    failed = 'http_server_request_duration_seconds_count{http_response_status_code="500"}'
    return (
        f"sum(messaging_consumer_pending_messages{consumed}) > 1000",
        "sum(outbox_parked_messages) == 1",
        'sum(nats_permission_violations_total{operation="publish"}) > 0',
        f"sum(dead_letter_messages_total) == {number}",
        f"sum(inbox_duplicate_messages_total) >= {39 * number}",
        f'sum(saga_finished_total{{outcome="compensated"}}) == {20 * number}',
        'sum(saga_in_progress{state="needs_attention"}) == 1',
        "sum(saga_retrying) >= 1",
        'sum(saga_version_not_loaded{version="99"}) == 2',
        "max(saga_timers_lag_seconds) > 200",
        "sum(flow_overdue) == 1",
        "max(waiting_oldest_message_age_seconds) > 3000",
        f"sum({failed}) >= {20 * number}",
        'max(gateway_circuit_open{upstream="customer-service"}) == 1',
    )


def _second_signs() -> tuple[str, ...]:
    replies = '{messaging_consumer_group_name="order-service:order.replies"}'
    return (
        'sum(outbox_shards_held{job="order-service-relay"}) == 32',
        f"sum(messaging_consumer_partitions_held{replies}) == 2",
        'database_up{job="inventory-service"} == 0',
        'max(view_lag_seconds{state="live"}) > 30',
        'max(view_incomplete_partitions{state="live"}) > 0',
        "max(view_waits) == 1",
    )


def _last_signs(number: int) -> tuple[str, ...]:
    return (
        f'outbox_pending_messages{{job="order-service-relay"}} >= {600 * number}',
        'outbox_oldest_pending_age_seconds{job="order-service-relay"} > 3000',
        "sum(nats_connected) == 0",
        'up{job="customer-service-relay"} == 0',
    )


@pytest.fixture(scope="module")
def fired(film: Film) -> list[Firing]:
    return firing(RULES, film.history, start=0, end=film.at, every=STEP)


def test_every_alert_is_caused_here() -> None:
    assert EXPECTED.keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.severity}")
def test_an_alert_fires_for_what_it_is_about_and_not_before(
    rule: AlertRule, fired: list[Firing]
) -> None:
    found = [one for one in fired if one.rule == rule]

    assert any(EXPECTED[rule.name].items() <= one.labels.items() for one in found)
    assert all(one.at >= BEFORE for one in found)


def test_summaries_and_descriptions_use_labels_that_there_are(fired: list[Firing]) -> None:
    for one in fired:
        for text in one.rule.annotations.values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= one.labels.keys()
