"""Two runs side by side never meet, not even where a process of one is down."""

from collections.abc import Iterator
from contextlib import closing
from socket import SO_REUSEADDR, SOL_SOCKET, socket

import pytest

from devkit.ports import LOOPBACK, Ports


@pytest.fixture
def ports() -> Iterator[Ports]:
    with closing(Ports()) as ports:
        yield ports


@pytest.fixture
def of_another_run() -> Iterator[Ports]:
    with closing(Ports()) as ports:
        yield ports


def test_a_port_is_given_again_only_after_many_others(ports: Ports) -> None:
    given = [ports.free_port() for _ in range(150)]

    assert len(set(given)) == len(given)


def test_a_port_that_is_given_but_unused_is_not_given_to_another_run(
    ports: Ports, of_another_run: Ports
) -> None:
    given = {ports.free_port() for _ in range(300)}
    others = {of_another_run.free_port() for _ in range(300)}

    assert not given & others


def test_a_run_gets_the_port_of_last_time_unless_another_run_holds_it(
    ports: Ports, of_another_run: Ports
) -> None:
    port = ports.free_port()

    assert ports.free_port(preferred=port) == port
    assert of_another_run.free_port(preferred=port) != port


def test_a_port_that_is_in_use_is_not_given(ports: Ports) -> None:
    port = ports.free_port()
    with closing(socket()) as server:
        server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()

        assert ports.free_port(preferred=port) != port
