"""The door for the service's datagrams: "there are new rows"."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

_LOOPBACK: Final = "127.0.0.1"


class _PokeProtocol(asyncio.DatagramProtocol):
    def __init__(self, on_poke: Callable[[], None]) -> None:
        self._on_poke = on_poke

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002  # asyncio's signature
        self._on_poke()


@contextlib.asynccontextmanager
async def listening_for_pokes(port: int | None, on_poke: Callable[[], None]) -> AsyncIterator[None]:
    """Call `on_poke` for every datagram on the loopback port; without a port do nothing."""
    if port is None:
        yield
        return
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _PokeProtocol(on_poke), local_addr=(_LOOPBACK, port)
    )
    try:
        yield
    finally:
        transport.close()
