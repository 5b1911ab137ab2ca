"""Being told that there is something to read."""

from nats.aio.client import Client

from chassis.bell import Bell
from chassis.views.doorbell import Doorbell


async def test_it_rings_once_for_any_number_of_messages_and_again_when_it_was_armed_again(
    nats_client: Client,
) -> None:
    bell = Bell()
    doorbell = Doorbell(nats_client, "lending.events.*.1", bell)
    await doorbell.arm()
    for _ in range(3):
        await nats_client.publish("lending.events.BookLent.1", b"")

    assert await bell.wait(30)
    assert not doorbell.armed

    bell.silence()
    await doorbell.arm()
    await nats_client.publish("lending.events.BookLent.0", b"")
    await nats_client.publish("lending.events.BookLent.1", b"")
    assert await bell.wait(30)
    await doorbell.close()
