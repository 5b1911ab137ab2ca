"""Flows that end, and flows that stop on their way, on a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient, Response, codes
from prometheus_client import REGISTRY
from sqlalchemy import text
from typer.testing import CliRunner

from chassis.cli import app
from chassis.flows import Flow, FlowMonitor, awaited, flow_routes, stage
from chassis.http import create_http_app
from chassis.outbox.cause import Cause, caused_by
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA
from chassis.testing.statements import recorded_statements

HOUR, PAST = timedelta(hours=1), timedelta(seconds=-1)


def one_stage(name: str, event: str, within: timedelta) -> Flow:
    return Flow(name=name, stages=(stage(event, by="depot-service", within=within),))


DELIVERY = one_stage("delivery", "ParcelDelivered", HOUR)
RETURN = one_stage("return", "ParcelReturned", HOUR)
LATE = one_stage("delivery", "ParcelDelivered", PAST)
TRANSPORT = Flow(
    name="transport",
    stages=(
        stage("ParcelTaken", by="van-service", within=HOUR),
        stage("ParcelSorted", by="hub-service", within=PAST),
        stage("ParcelDelivered", "ParcelLost", by="van-service", within=HOUR),
    ),
)


class Depot:
    """Expects what becomes of parcels."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def expect(self, *keys: object, flow: Flow = DELIVERY) -> None:
        async with self.database.sessions.begin() as session:
            for key in keys:
                flow.expect(session, key)

    async def end(self, *keys: object, flow: Flow = DELIVERY) -> None:
        async with self.database.sessions.begin() as session:
            for key in keys:
                flow.end(session, key)

    async def reach(self, event: str, *keys: object, flow: Flow = TRANSPORT) -> None:
        async with self.database.sessions.begin() as session:
            for key in keys:
                flow.reach(session, key, event)

    async def asked(self, **parameters: object) -> Response:
        application = create_http_app("depot-service", self.database)
        application.include_router(flow_routes())
        transport = ASGITransport(application)
        async with AsyncClient(transport=transport, base_url="http://depot") as client:
            return await client.get("/flows", params=parameters)

    async def shown(self, **parameters: object) -> list[dict[str, Any]]:
        return (await self.asked(**parameters)).json()

    async def open_keys(self) -> list[str]:
        return [flow["key"] for flow in await self.shown()]

    async def rows(self) -> int:
        async with self.database.sessions() as session:
            return await session.scalar(text("SELECT count(*) FROM flow_expectations")) or 0


@pytest.fixture
async def depot(database: Any) -> AsyncIterator[Depot]:
    service_database = Database(database.url)
    async with service_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield Depot(service_database)
    await service_database.close()


async def test_what_is_expected_is_shown_until_it_has_ended(depot: Depot) -> None:
    await depot.expect("p-1", "p-2")
    assert await depot.open_keys() == ["p-1", "p-2"]

    await depot.end("p-1")
    assert await depot.open_keys() == ["p-2"]
    await depot.end("p-2")
    assert await depot.rows() == 0


async def test_an_expectation_tells_what_is_awaited_and_in_which_conversation(
    depot: Depot,
) -> None:
    async with depot.database.sessions.begin() as session:
        with caused_by(session, Cause(correlation_id="saga-1", causation_id=uuid4())):
            DELIVERY.expect(session, "p-1")

    (flow,) = await depot.shown()
    assert (flow["flow"], flow["key"], flow["awaits"]) == ("delivery", "p-1", "ParcelDelivered")
    assert flow["correlation_id"] == "saga-1"
    assert flow["overdue"] is False
    assert flow["expected_at"] < flow["due_at"]


async def test_flows_about_the_same_thing_end_one_by_one(depot: Depot) -> None:
    await depot.expect("p-1")
    await depot.expect("p-1", flow=RETURN)

    await depot.end("p-1")

    assert [flow["flow"] for flow in await depot.shown(key="p-1")] == ["return"]
    assert await depot.shown(key="p-2") == []


async def test_a_key_that_no_text_can_be_is_refused(depot: Depot) -> None:
    assert (await depot.asked(key="p\x00")).status_code == codes.UNPROCESSABLE_ENTITY


async def test_an_end_that_comes_before_it_is_expected_counts(depot: Depot) -> None:
    await depot.end("p-1")
    await depot.expect("p-1")

    assert await depot.open_keys() == []
    await FlowMonitor(depot.database, [DELIVERY]).look()
    assert await depot.rows() == 0


async def test_an_end_waits_for_an_expectation_that_is_being_committed(depot: Depot) -> None:
    slow = await depot.database.connect_driver()
    await slow.execute("BEGIN")
    await slow.execute(
        "INSERT INTO flow_expectations (flow, key, awaits, expected_at, due_at)"
        " VALUES ('delivery', 'p-1', 'ParcelDelivered', now(), now())"
    )
    ending = asyncio.create_task(depot.end("p-1"))
    await asyncio.sleep(0.2)  # the end is at the row by now, or else comes after the commit
    await slow.execute("COMMIT")
    await ending
    await slow.close()

    assert await depot.open_keys() == []


async def test_a_rolled_back_transaction_expects_and_ends_nothing(depot: Depot) -> None:
    await depot.expect("p-1")
    async with depot.database.sessions() as session:
        await session.begin()
        DELIVERY.expect(session, "p-2")
        DELIVERY.end(session, "p-1")
        await session.rollback()
        await session.commit()

    assert await depot.open_keys() == ["p-1"]


async def test_a_savepoint_that_is_rolled_back_expects_nothing(depot: Depot) -> None:
    async with depot.database.sessions.begin() as session:
        DELIVERY.expect(session, "before")
        savepoint = await session.begin_nested()
        DELIVERY.expect(session, "inside")
        await savepoint.rollback()
        DELIVERY.expect(session, "after")

    assert sorted(await depot.open_keys()) == ["after", "before"]


async def test_each_stage_is_due_from_the_one_before_and_says_from_whom(depot: Depot) -> None:
    await depot.expect("p-1", flow=TRANSPORT)
    (begun,) = await depot.shown()
    await depot.reach("ParcelTaken", "p-1")
    (sorting,) = await depot.shown()
    await depot.reach("ParcelSorted", "p-1")
    (delivering,) = await depot.shown()

    assert (begun["awaits"], begun["awaited_from"]) == ("ParcelTaken", "van-service")
    assert (sorting["awaits"], sorting["awaited_from"]) == ("ParcelSorted", "hub-service")
    assert [one["overdue"] for one in (begun, sorting, delivering)] == [False, True, False]
    assert delivering["awaits"] == "ParcelDelivered or ParcelLost"
    assert begun["since"] < sorting["since"] < delivering["since"]
    assert delivering["expected_at"] == begun["expected_at"]


async def test_a_stage_that_is_passed_is_not_gone_back_to(depot: Depot) -> None:
    await depot.expect("p-1", flow=TRANSPORT)
    await depot.reach("ParcelSorted", "p-1")
    (before,) = await depot.shown()
    await depot.reach("ParcelTaken", "p-1")

    assert await depot.shown() == [before]


async def test_what_is_heard_of_a_flow_that_has_ended_or_is_not_expected_leaves_nothing(
    depot: Depot,
) -> None:
    await depot.expect("p-1", flow=TRANSPORT)
    await depot.end("p-1", flow=TRANSPORT)
    await depot.reach("ParcelTaken", "p-1", "p-2")

    assert await depot.rows() == 0


async def test_stages_and_the_end_in_one_transaction_count_in_any_order(depot: Depot) -> None:
    async with depot.database.sessions.begin() as session:
        TRANSPORT.reach(session, "p-1", "ParcelSorted")
        TRANSPORT.reach(session, "p-1", "ParcelTaken")
        TRANSPORT.expect(session, "p-1")
    (flow,) = await depot.shown()
    assert flow["awaits"] == "ParcelDelivered or ParcelLost"

    async with depot.database.sessions.begin() as session:
        TRANSPORT.end(session, "p-1")
        TRANSPORT.reach(session, "p-1", "ParcelTaken")
    assert await depot.rows() == 0


@pytest.mark.parametrize(
    ("event", "told"),
    [("ParcelEaten", "no stage of the flow transport awaits"), ("ParcelLost", "call `end`")],
)
async def test_an_event_that_moves_no_stage_on_is_a_mistake(
    depot: Depot, event: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        await depot.reach(event, "p-1")


async def test_what_something_waits_for_is_read_by_its_key(depot: Depot) -> None:
    await depot.expect("p-1", "p-2", flow=TRANSPORT)
    await depot.expect("p-1", flow=RETURN)

    async with depot.database.sessions() as session:
        found = await awaited(session, [TRANSPORT, DELIVERY], "p-1")

    assert [(one.flow, one.awaits, one.overdue) for one in found] == [
        ("transport", "ParcelTaken", False)
    ]


async def test_a_batch_of_any_size_costs_a_statement_for_what_is_begun_reached_and_ended(
    depot: Depot,
) -> None:
    await depot.expect(*range(100))

    with recorded_statements(depot.database) as statements:
        async with depot.database.sessions.begin() as session:
            for number in range(100):
                DELIVERY.end(session, number)
                RETURN.expect(session, number)
                RETURN.expect(session, number)
                TRANSPORT.reach(session, number, "ParcelTaken")

    assert [one.split()[0] for one in statements] == ["INSERT", "WITH", "WITH"]
    assert {flow["flow"] for flow in await depot.shown()} == {"return"}


async def test_a_flow_that_has_stopped_is_overdue_and_told(depot: Depot) -> None:
    await depot.expect("p-1", flow=LATE)
    await depot.expect("p-2")
    await depot.expect("p-3", flow=TRANSPORT)
    await depot.reach("ParcelTaken", "p-3")

    monitor = FlowMonitor(depot.database, [DELIVERY, RETURN, TRANSPORT])
    await monitor.look()

    assert [flow["key"] for flow in await depot.shown(overdue=True)] == ["p-1", "p-3"]
    assert overdue("delivery", "ParcelDelivered") == 1
    assert overdue("return", "ParcelReturned") == 0
    assert overdue("transport", "ParcelTaken") == 0
    assert overdue("transport", "ParcelSorted") == 1
    await depot.reach("ParcelSorted", "p-3")
    await monitor.look()
    assert overdue("transport", "ParcelSorted") == 0
    age = REGISTRY.get_sample_value("flow_oldest_in_progress_age_seconds", {"flow": "delivery"})
    assert age is not None
    assert age > 0


async def test_an_older_processes_flow_without_stages_is_shown_as_well(depot: Depot) -> None:
    async with depot.database.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO flow_expectations (flow, key, awaits, expected_at, due_at) VALUES"
                " ('transport', 'p-1', 'ParcelDelivered', now(), now() - interval '1 hour')"
            )
        )
    await FlowMonitor(depot.database, [TRANSPORT]).look()

    assert overdue("transport", "ParcelDelivered") == 1
    (flow,) = await depot.shown()
    assert (flow["since"], flow["awaited_from"]) == (flow["expected_at"], None)
    await depot.reach("ParcelTaken", "p-1")
    assert [one["awaits"] for one in await depot.shown()] == ["ParcelSorted"]


def overdue(flow: str, awaits: str) -> float | None:
    return REGISTRY.get_sample_value("flow_overdue", {"flow": flow, "awaits": awaits})


async def test_the_command_line_lists_what_is_overdue(depot: Depot, database: Any) -> None:
    await depot.expect("p-1", flow=LATE)
    await depot.expect("p-2")

    async def listed(*command: str) -> list[dict[str, Any]]:
        result = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            ["flows", *command, "--json"],
            env={"DATABASE_URL": database.url},
        )
        return json.loads(result.stdout)

    assert [flow["key"] for flow in await listed("overdue")] == ["p-1"]
    (shown,) = await listed("show", "p-2")
    assert (shown["awaits"], shown["awaited_from"]) == ("ParcelDelivered", "depot-service")
    assert await listed("show", "p-3") == []


async def test_looking_costs_two_statements(depot: Depot) -> None:
    with recorded_statements(depot.database) as statements:
        await FlowMonitor(depot.database, [DELIVERY]).look()

    assert len(statements) == 2
