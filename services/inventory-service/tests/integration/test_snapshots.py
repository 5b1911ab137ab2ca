"""A snapshot of a product says what the last event has said."""

from httpx import AsyncClient

from chassis.persistence.database import Database
from chassis.testing.outbox import outbox_messages
from chassis.testing.snapshots import taken_snapshots
from inventory_service.messaging.contracts import ProductRegistered

DETAILS = {"on_hand": 10}


async def test_a_snapshot_is_what_was_registered_last(
    client: AsyncClient, service_database: Database
):
    for number in ("A", "B"):
        for name in ("Old", f"New {number}"):
            details = DETAILS | {"name": name}
            assert (await client.put(f"/products/{number}", json=details)).is_success
    said = {}
    for message in await outbox_messages(service_database):
        said[message.key] = ProductRegistered.from_body(message.body).model_dump()

    *snapshots, _, _, _, _ = await taken_snapshots(service_database, "inventory_service")

    assert {one.key: one.model_dump(exclude={"run_id"}) for one in snapshots} == said
    assert {one.name for one in snapshots} == {"New A", "New B"}
