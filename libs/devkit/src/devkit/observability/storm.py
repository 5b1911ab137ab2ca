"""Causes of alerts on a running platform: everything that can go wrong, each in one function."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from chassis.leases import Leases
from chassis.messaging.description import topology_of
from chassis.messaging.headers import encode_header_block
from chassis.persistence.database import Database
from chassis.tasks import end
from chassis.views.generations import begin_generation
from chassis.views.installed import views_of
from devkit.bench.outbox_load import LoadMessage, insert_messages, load_message
from devkit.clients import clients_of
from devkit.deployables import (
    API_GATEWAY,
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
)
from devkit.eventually import eventually
from devkit.models import Line
from devkit.platform import Platform

MORE_THAN_A_PROCESS_HOLDS = 2_200
_PATIENCE_SECONDS = 120
_FAILURES_THAT_OPEN = 6
_CLOSE = {"Connection": "close"}
_GIVEN_UP_BY_THE_NEXT = """
INSERT INTO dead_letters
    (consumer, subject, message_id, headers, body, reason, error, attempts)
SELECT $1 || '@' || max(generation) + 1, 'order.events.Odd.0', $2, '{}', '', 'not-projected',
       'made up', 1
FROM view_generations WHERE view = $1
"""
_AGE_WAITING = "UPDATE deferred_messages SET deferred_at = now() - interval '1 hour'"


@asynccontextmanager
async def database(platform: Platform, service: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(platform.addresses.postgresql[service])
    try:
        yield connection
    finally:
        await connection.close()


async def send(platform: Platform, service: str, messages: Sequence[LoadMessage]) -> None:
    """Let a service publish messages, by its own outbox and relay."""
    async with database(platform, service) as connection:
        await insert_messages(connection, messages)


async def park_a_message(platform: Platform) -> None:
    """customer-service publishes to a subject that it may not use."""
    lost = replace(load_message(f"lost-{uuid4()}", 0), subject="nowhere.events.Lost.0")
    await send(platform, CUSTOMER_SERVICE, [lost])


async def send_what_nobody_can_read(platform: Platform) -> None:
    """A command without the headers of a message is given up at once."""
    message = load_message(f"unreadable-{uuid4()}", 0)
    bare = replace(
        message,
        subject="customer.commands.ReserveCredit.0",
        headers=encode_header_block([("Nats-Msg-Id", str(message.message_id))]),
    )
    await send(platform, ORDER_SERVICE, [bare])


async def send_the_same_again(platform: Platform) -> None:
    """Forty deliveries of one message: all but the first are duplicates."""
    first = load_message(f"again-{uuid4()}", 0)
    copies = []
    for number in range(40):
        message_id = uuid4()
        headers = first.headers.replace(
            f"Nats-Msg-Id: {first.message_id}".encode(), f"Nats-Msg-Id: {message_id}".encode()
        )
        copies.append(
            replace(
                first,
                message_id=message_id,
                number=number,
                headers=headers,
                subject="customer.commands.Unknown.0",
            )
        )
    await send(platform, ORDER_SERVICE, copies)


async def flood_inventory(platform: Platform) -> None:
    messages = [
        replace(load_message("flood", number), subject="inventory.commands.Unknown.0")
        for number in range(MORE_THAN_A_PROCESS_HOLDS)
    ]
    await send(platform, ORDER_SERVICE, messages)


@asynccontextmanager
async def blocked_inbox(platform: Platform) -> AsyncIterator[None]:
    """Nothing can be taken in by inventory-service meanwhile."""
    async with database(platform, INVENTORY_SERVICE) as connection, connection.transaction():
        await connection.execute("LOCK TABLE received_messages IN ACCESS EXCLUSIVE MODE")
        yield


async def rebuild_a_view_in_vain(platform: Platform) -> None:
    """A generation of the history is asked for that gave up an event, so to speak."""
    package = ORDER_HISTORY_SERVICE.replace("-", "_")
    [view] = views_of(package)
    async with database(platform, ORDER_HISTORY_SERVICE) as connection:
        await connection.execute(_GIVEN_UP_BY_THE_NEXT, view.name, uuid4())
    views = Database(platform.addresses.postgresql[ORDER_HISTORY_SERVICE])
    try:
        await begin_generation(views, view, view.channels(topology_of(package)))
    finally:
        await views.close()


@asynccontextmanager
async def stuck_view(platform: Platform) -> AsyncIterator[None]:
    """The history has lost events before it read them, so to speak, and can take in no others."""
    async with database(platform, ORDER_HISTORY_SERVICE) as connection:
        await connection.execute("UPDATE view_checkpoints SET complete = false")
        async with connection.transaction():
            await connection.execute("SELECT FROM view_checkpoints FOR UPDATE")
            yield


@asynccontextmanager
async def foreign_member(
    platform: Platform, service: str, name: str, slots: int
) -> AsyncIterator[None]:
    """A process takes its share of partitions or shards and does nothing with it."""

    async def connect() -> Any:
        return await asyncpg.connect(platform.addresses.postgresql[service])

    leases = Leases(connect, namespace=name, slots=slots)

    async def hold() -> None:
        while True:
            await leases.review()
            await asyncio.sleep(0.2)

    holder = asyncio.create_task(hold())
    try:
        yield
    finally:
        await end(holder)
        await leases.close()


async def fake_old_sagas(platform: Platform) -> None:
    """Sagas of a version that no process has: nobody fires their timers or answers them."""
    async with database(platform, ORDER_SERVICE) as connection:
        await connection.execute(
            """
            INSERT INTO saga_instances (saga_id, saga_type, definition_version, subject_key, data,
                state, step, direction, attempt, done, version, created_at, updated_at, due_at,
                wake_at)
            SELECT gen_random_uuid(), 'CreateOrder', 99, 'old', '{}', state, 'confirm_credit',
                'action', 3, '[]', 1, now() - interval '1 hour', now(), due, due
            FROM (VALUES ('RUNNING', now() - interval '5 minutes'), ('NEEDS_ATTENTION', NULL))
                AS instance (state, due)
            """
        )


async def expect_what_never_comes(platform: Platform) -> None:
    async with database(platform, ORDER_SERVICE) as connection:
        await connection.execute(
            """
            INSERT INTO flow_expectations (flow, key, awaits, expected_at, due_at)
            VALUES ('fulfilment', 'late', 'ShipmentDelivered or ShipmentFailed',
                    now() - interval '1 hour', now() - interval '30 minutes')
            """
        )


async def place_hopeless_orders(platform: Platform) -> None:
    """Orders of customers that do not exist: their sagas are compensated."""
    line = Line(product_id="nothing", quantity=1, unit_price="1.00")
    async with clients_of(platform.addresses) as clients:
        for _ in range(20):
            await clients.orders.place(key=str(uuid4()), customer_id="nobody", lines=(line,))


async def break_requests(platform: Platform) -> None:
    """customer-service without its table answers 500, and the gateway leaves it alone."""
    async with (
        database(platform, CUSTOMER_SERVICE) as connection,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        await connection.execute("ALTER TABLE customers RENAME TO hidden")
        try:
            for _ in range(20):
                # a server whose handler raised answers, and closes the connection
                await http.get(
                    f"{platform.addresses.http[CUSTOMER_SERVICE]}/customers", headers=_CLOSE
                )
            await _ask_the_gateway(platform, http)
        finally:
            await connection.execute("ALTER TABLE hidden RENAME TO customers")


async def _ask_the_gateway(platform: Platform, http: httpx.AsyncClient) -> None:
    """For somebody of whom customer-service cannot tell, until it is not asked any more."""
    token = platform.issuer.token("storm", scopes=["staff"])
    for _ in range(_FAILURES_THAT_OPEN):
        await http.get(
            f"{platform.addresses.http[API_GATEWAY]}/customers/nobody",
            headers={"Authorization": f"Bearer {token}"},
        )


async def age_waiting_messages(platform: Platform) -> None:
    """As if those of customer-service, which come soon, had waited for an hour already."""
    async with database(platform, CUSTOMER_SERVICE) as connection:

        async def aged() -> bool:
            status: str = await connection.execute(_AGE_WAITING)
            return status != "UPDATE 0"

        seen: bool = await eventually(aged, within=_PATIENCE_SECONDS)
        assert seen


async def refuse_connections(platform: Platform, service: str) -> None:
    """New connections of the service's role are turned away; those that it has go on."""
    async with database(platform, service) as connection:
        name = service.replace("-", "_")
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")


@asynccontextmanager
async def stopped(platform: Platform, *names: str) -> AsyncIterator[None]:
    """The processes answer nobody meanwhile, and their connections stay open."""
    pids = [platform.supervisor.pids[name] for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def leave_messages_in_the_outbox(platform: Platform, number: int) -> None:
    """order-service commits messages; they stay while NATS does not answer."""
    messages = [
        replace(load_message(f"left-{uuid4()}", 0), subject="order.events.Left.0")
        for _ in range(number)
    ]
    async with database(platform, ORDER_SERVICE) as connection:
        await insert_messages(connection, messages)
        await connection.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")
