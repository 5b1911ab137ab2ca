"""The HTTP admin API: who may use it, and that it does what the command line does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.admin.application import create_admin_app
from chassis.admin.served import Served
from chassis.admin.server import AdminServer
from chassis.admin.tokens import Role, Tokens
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, replies
from chassis.operations.carrying_out import SagaInterventions
from chassis.service import Service
from chassis.settings import ServiceSettings, SettingsError
from chassis.tasks import end
from devkit.eventually import eventually

pytestmark = pytest.mark.real

TOKEN, READER = "operator-" + 32 * "o", "reader-" + 32 * "r"
TOKENS = {Role.OPERATOR: TOKEN, Role.READER: READER}
BECAUSE = {"reason": "van 7 is lost"}


@pytest.fixture
def served(parcels: Any) -> Served:
    orchestrator = parcels.orchestrator()
    interventions = SagaInterventions(
        parcels.database, orchestrator, idle_poll=timedelta(minutes=10)
    )
    return Served(parcels.database, [orchestrator], [interventions])


def client_of(served: Served, token: str | None) -> httpx.AsyncClient:
    app = create_admin_app("parcel-service", served, TOKENS)
    headers = {"X-Operator": "ada", **({"Authorization": f"Bearer {token}"} if token else {})}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://admin", headers=headers)


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(served, TOKEN) as client:
        yield client


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end(task)


PATHS = ("/sagas", "/outbox/parked", "/dead-letters/groups", "/audit", "/openapi.json")


@pytest.mark.parametrize("token", [None, "wrong" + 32 * "w", TOKEN[:-1], TOKEN + "x", ""])
async def test_whoever_has_no_token_is_told_so_and_sees_nothing(
    served: Served, token: str | None
) -> None:
    async with client_of(served, token) as client:
        for path in PATHS:
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["title"]) == (401, "Unauthorized")
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        body = {"action": "COMPLETE", "sagas": {"saga_type": "Parcel"}, **BECAUSE}
        assert (await client.post("/sagas/actions", json=body)).status_code == 401


async def test_a_reader_looks_and_does_not_act(
    parcels: Any, served: Served, connection: Any
) -> None:
    saga_id = str(await parcels.start("a"))
    async with client_of(served, READER) as client:
        for path in PATHS:
            assert (await client.get(path)).status_code == 200
        for path, body in (
            ("/sagas/actions", {"action": "RETRY", "sagas": {"saga_ids": [saga_id]}, **BECAUSE}),
            ("/outbox/release", {"key": "a", **BECAUSE}),
            ("/dead-letters/redrive", {"letters": {}, **BECAUSE}),
            ("/dead-letters/archive", {"letters": {"ids": [1]}, **BECAUSE}),
            ("/audit/1/withdraw", BECAUSE),
            ("/locks/release", {"name": "a", "key": "b", **BECAUSE}),
        ):
            assert (await client.post(path, json=body)).status_code == 403, path
    assert await connection.fetch("SELECT FROM operator_actions") == []


async def test_sagas_are_found_shown_and_moved(
    parcels: Any, served: Served, client: httpx.AsyncClient
) -> None:
    first, second = str(await parcels.start("a")), str(await parcels.start("b"))

    page = (await client.get("/sagas", params={"saga_type": "Parcel", "limit": 1})).json()
    rest = (await client.get("/sagas", params={"after": page["next"]})).json()
    told = (await client.get(f"/sagas/{first}")).json()
    async with running(served.interventions[0].run()):
        body = {"action": "RETRY", "sagas": {"saga_ids": [first]}, **BECAUSE}
        came = await client.post("/sagas/actions", json=body)
        again = await client.post("/sagas/actions", json={**body, "action": "RESUME"})

    assert [saga["saga_id"] for saga in page["sagas"]] == [first]
    assert [saga["saga_id"] for saga in rest["sagas"]] == [second]
    assert [step["step"] for step in told["remaining"]] == ["insure", "dispatch"]
    assert (came.status_code, came.json()[0]["outcome"]) == (200, "DONE")
    assert "the saga is not paused" in again.json()[0]["error"]
    kept = (await client.get("/audit", params={"target": first})).json()
    assert [(one["by"], one["outcome"]) for one in kept] == [("ada", "REFUSED"), ("ada", "DONE")]
    assert await parcels.sent() == ["BookVan", "BookVan", "BookVan"]


async def test_what_nobody_carries_out_is_open_and_can_be_withdrawn(
    parcels: Any, client: httpx.AsyncClient
) -> None:
    await parcels.start("a")
    body = {"action": "COMPLETE", "sagas": {"step": "book_van"}, **BECAUSE}

    [planned] = (await client.post("/sagas/actions", json={**body, "dry_run": True})).json()
    entered = await client.post("/sagas/actions", json={**body, "wait_seconds": 0})
    number = entered.json()[0]["action"]
    withdrawn = await client.post(f"/audit/{number}/withdraw", json=BECAUSE)

    assert (planned["action"], planned["step"]) == (None, "book_van")
    assert (entered.status_code, entered.json()[0]["outcome"]) == (202, "OPEN")
    assert withdrawn.status_code == 204
    assert (await client.post(f"/audit/{number}/withdraw", json=BECAUSE)).status_code == 404


async def test_the_outbox_and_dead_letters_are_looked_at_and_mended(
    connection: Any, client: httpx.AsyncClient
) -> None:
    await connection.execute(
        """
        INSERT INTO outbox_parked (key, outbox_id, message_id, subject, error, attempts)
        VALUES ('a/b', 1, gen_random_uuid(), 's', 'no stream', 5);
        INSERT INTO dead_letters (consumer, subject, key, message_id, wire_type, headers, body,
                                  reason, error, attempts)
        SELECT 'c', 's', 'k' || n, gen_random_uuid(), 'van.BookVan.v1', '{}', '',
               'retries-exhausted', 'KeyError: ' || gen_random_uuid() || ' in line ' || n, 5
        FROM generate_series(1, 4) AS n
        """
    )

    assert [one["key"] for one in (await client.get("/outbox/parked")).json()] == ["a/b"]
    assert (await client.get("/outbox/pending")).json() == []
    released = await client.post("/outbox/release", json={"key": "a/b", **BECAUSE})
    [group] = (await client.get("/dead-letters/groups")).json()
    chosen = {"group": group["group"]}
    entered = await client.post(
        "/dead-letters/redrive", json={"letters": chosen, "limit": 2, **BECAUSE}
    )
    progress = (await client.get(f"/dead-letters/redrives/{entered.json()['action']}")).json()
    archived = await client.post("/dead-letters/archive", json={"letters": chosen, **BECAUSE})

    assert released.json()["error"] == "no stream"
    assert (group["error"], group["letters"]) == ("KeyError: <id> in line <n>", 4)
    assert (entered.status_code, entered.json()["letters"]) == (202, [1, 2])
    assert progress["counts"] == {"WAITING": 2, "FAILING": 0, "HANDLED": 0, "DEAD_AGAIN": 0}
    assert archived.json() == {"letters": [3, 4]}
    assert (await client.get("/dead-letters/count")).json()["letters"] == 0
    assert len((await client.get("/audit")).json()) == 3


async def test_versions_are_told_and_a_lock_is_taken_away(
    parcels: Any, connection: Any, client: httpx.AsyncClient
) -> None:
    await parcels.start("a", parcels.NextParcelSaga)
    await connection.execute(
        """
        INSERT INTO semantic_locks (name, key, holder, holder_type, taken_at, expires_at)
        VALUES ('parcel', 'a/b', 's-1', 'Parcel', now(), now() + interval '1 hour')
        """
    )

    versions = (await client.get("/sagas/versions")).json()
    [held] = (await client.get("/locks", params={"name": "parcel"})).json()
    asked = {"name": "parcel", "key": "a/b", **BECAUSE}
    taken = await client.post("/locks/release", json=asked)

    assert {one["version"]: (one["live"], one["declared"]) for one in versions} == {
        1: (0, True),
        2: (1, False),
    }
    assert (held["holder"], held["waiters"], held["is_expired"]) == ("s-1", 0, False)
    assert taken.json()["holder"] == "s-1"
    assert (await client.get("/locks")).json() == []
    assert (await client.post("/locks/release", json=asked)).status_code == 404
    [kept] = (await client.get("/audit", params={"action": "locks."})).json()
    assert kept["target"] == "parcel a/b"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sagas/actions", {"action": "COMPLETE", "sagas": {}, **BECAUSE}),
        ("/sagas/actions", {"action": "EXPLODE", "sagas": {"step": "x"}, **BECAUSE}),
        ("/sagas/actions", {"action": "RETRY", "sagas": {"stepp": "x"}, **BECAUSE}),
        ("/sagas/actions", {"action": "RETRY", "sagas": {"step": "x"}, "reason": "  "}),
        ("/outbox/release", {"key": "a\x00b", **BECAUSE}),
        ("/dead-letters/archive", {"letters": {"ids": [2**64]}, **BECAUSE}),
    ],
)
async def test_what_makes_no_sense_is_a_problem_and_nothing_is_done(
    connection: Any, client: httpx.AsyncClient, path: str, body: Any
) -> None:
    refused = await client.post(path, json=body)

    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert await connection.fetch("SELECT FROM operator_actions") == []


async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient) -> None:
    unknown = {"action": "RETRY", "sagas": {"saga_ids": [str(uuid4())]}, **BECAUSE}

    for answer in (
        await client.get(f"/sagas/{uuid4()}"),
        await client.get("/dead-letters/redrives/7"),
        await client.get("/nowhere"),
        await client.post("/outbox/release", json={"key": "a", **BECAUSE}),
        await client.post("/sagas/actions", json=unknown),
        await client.post("/dead-letters/archive", json={"letters": {"ids": [9]}, **BECAUSE}),
    ):
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_database_that_is_away_is_a_problem_that_passes(
    fresh_postgres_server: Any, open_parcels: Any
) -> None:
    async with open_parcels(fresh_postgres_server.create_database("parcels").url) as parcels:
        served = Served(parcels.database, [parcels.orchestrator()], [])
        async with client_of(served, TOKEN) as client:
            await asyncio.to_thread(fresh_postgres_server.stop)
            for path in ("/sagas", "/audit", "/dead-letters", "/outbox/pending"):
                away = await client.get(path)
                assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
            await asyncio.to_thread(fresh_postgres_server.start)
            assert (await client.get("/sagas")).status_code == 200


async def test_it_is_served_on_a_port_of_its_own_and_ends_with_its_service(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    app = create_admin_app("parcel-service", served, TOKENS)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60
    ) as client:
        async with running(AdminServer(app, "127.0.0.1", port).run()):
            assert (await eventually(lambda: _answer(client))).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await client.get("/sagas")


async def _answer(client: httpx.AsyncClient) -> httpx.Response | None:
    try:
        return await client.get("/sagas")
    except httpx.TransportError:
        return None


async def test_its_openapi_document_names_the_token_and_every_refusal(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert {"401", "403", "503"} <= set(operation["responses"]), path
            assert operation["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize(
    "tokens",
    [
        {Role.OPERATOR: "short"},
        {Role.OPERATOR: ""},
        {Role.OPERATOR: TOKEN, Role.READER: TOKEN},
        {Role.OPERATOR: 16 * "ü"},
    ],
)
def test_a_token_that_keeps_nobody_out_is_refused_at_the_start(tokens: Any) -> None:
    with pytest.raises(SettingsError):
        Tokens(tokens)


def test_a_service_with_the_port_and_without_a_token_does_not_start(tmp_path: Any) -> None:
    there = {"database_url": "postgresql://a@localhost/a", "nats_url": "nats://localhost"}
    topology = ServiceTopology(service="parcel-service", context="parcel")
    with pytest.raises(SettingsError, match="ADMIN_TOKEN_FILE"):
        Service(ServiceSettings(**there, admin_port=9190), topology)


def test_the_token_comes_from_a_file_and_without_a_port_there_is_no_api(
    tmp_path: Any, monkeypatch: Any
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("ADMIN_TOKEN_FILE", str(tmp_path / "token"))
    there = {"database_url": "postgresql://a@localhost/a", "nats_url": "nats://localhost"}
    topology = ServiceTopology(service="parcel-service", context="parcel")

    served = Service(ServiceSettings(**there, admin_port=9190), topology)
    closed = Service(ServiceSettings(**there), topology)

    assert ("admin" in served.beside, "admin" in closed.beside) == (True, False)
    assert TOKEN not in repr(served.settings)


def test_a_service_that_orchestrates_carries_out_what_operators_ask_for(parcels: Any) -> None:
    there = {"database_url": "postgresql://a@localhost/a", "nats_url": "nats://localhost"}
    channel = replies("parcel")
    topology = ServiceTopology(
        service="parcel-service",
        context="parcel",
        streams=(Stream(channel=channel),),
        consumers=(Consumer(service="parcel-service", channel=channel),),
    )
    service = Service(ServiceSettings(**there), topology)

    service.orchestrate(parcels.ParcelSaga)

    assert "interventions" in service.beside
