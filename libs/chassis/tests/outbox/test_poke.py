"""The relay hears of a commit at once, and of a burst of commits twice."""

import socket
from collections.abc import Iterator

import pytest

from chassis.outbox.poke import DatagramPoke
from devkit.eventually import eventually


@pytest.fixture
def relay_door() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.setblocking(False)
        yield door


@pytest.fixture
def poke(relay_door: socket.socket) -> Iterator[DatagramPoke]:
    poke = DatagramPoke(relay_door.getsockname()[1])
    yield poke
    poke.close()


def heard(door: socket.socket) -> bool:
    try:
        door.recv(1)
    except BlockingIOError:
        return False
    return True


async def test_a_single_poke_is_heard_at_once(
    poke: DatagramPoke, relay_door: socket.socket
) -> None:
    poke()

    assert heard(relay_door)


async def test_a_burst_is_heard_at_its_beginning_and_once_more_after_its_end(
    poke: DatagramPoke, relay_door: socket.socket
) -> None:
    for _ in range(50):
        poke()

    assert heard(relay_door)
    assert not heard(relay_door)
    assert await eventually(lambda: heard(relay_door))
    assert not heard(relay_door)


async def test_a_relay_that_is_away_does_not_disturb_the_service(
    poke: DatagramPoke, relay_door: socket.socket
) -> None:
    relay_door.close()

    poke()
    poke()
