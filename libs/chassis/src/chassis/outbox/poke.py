"""Waking the relay after a commit: a loopback datagram, at most one a millisecond.

A lost poke costs one poll of the relay, never a message.
"""

import asyncio
import socket
from typing import Protocol

_COALESCE_SECONDS = 0.001


class Poke(Protocol):
    """Tells whoever relays this database's outbox that there are new rows. Never raises."""

    def __call__(self) -> None: ...


def no_poke() -> None:
    """For a service whose relay is found by polling only."""


class DatagramPoke:
    """Pokes a relay that listens on a loopback UDP port."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._due = False

    def __call__(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(_COALESCE_SECONDS, self._send)

    def close(self) -> None:
        self._socket.close()

    def _send(self) -> None:
        self._due = False
        try:
            self._socket.sendto(b"", self._address)
        except OSError:  # the relay is away or the buffer full: its next poll finds the rows
            return
