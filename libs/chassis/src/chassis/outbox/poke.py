"""Waking the relay after a commit: a loopback datagram, at once and then at most one a millisecond.

A lost poke costs one poll of the relay, never a message.
"""

import asyncio
import socket
from typing import Protocol

_REST_SECONDS = 0.001


class Poke(Protocol):
    """Tells whoever relays this database's outbox that there are new rows. Never raises."""

    def __call__(self) -> None: ...


def no_poke() -> None:
    """For a service whose relay is found by polling only."""


class DatagramPoke:
    """Pokes a relay that listens on a loopback UDP port.

    The first poke goes at once; those that follow within a millisecond are one at its end, so that
    the relay hears of the last commit of a burst as well.
    """

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._resting = False
        self._due = False

    def __call__(self) -> None:
        if self._resting:
            self._due = True
        else:
            self._send()

    def close(self) -> None:
        self._socket.close()

    def _send(self) -> None:
        self._due, self._resting = False, True
        asyncio.get_running_loop().call_later(_REST_SECONDS, self._rested)
        try:
            self._socket.sendto(b"", self._address)
        except OSError:  # the relay is away or the buffer full: its next poll finds the rows
            return

    def _rested(self) -> None:
        self._resting = False
        if self._due:
            self._send()
