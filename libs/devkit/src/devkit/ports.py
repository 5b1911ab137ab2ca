"""Free TCP and UDP ports of the loopback interface."""

import atexit
import random
import socket
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST = 18_000
_RANGE = 200
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class NoFreePortError(RuntimeError):
    """Every port that may be given is in use."""


class Ports:
    """Hands out ports of ranges that it holds: a port stays its own while its server restarts.

    A range is held by a socket that is bound to its first port, until ``close`` or the end of this
    process. Within its ranges a port is given again only after all others.

    Taken from below the kernel's ephemeral range: a port from within it can be handed to an
    outgoing connection while its server restarts, or a client that reconnects can even meet itself.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}
        self._given = 0

    def free_port(self, preferred: int | None = None) -> int:
        """A port that is free for TCP and UDP now; ``preferred`` if that is, and nobody holds it.

        Raises NoFreePortError.
        """
        if preferred is not None and self._holds(preferred) and _is_free(preferred):
            return preferred
        for port in chain(self._in_turn(), self._of_more_ranges()):
            if _is_free(port):
                return port
        raise NoFreePortError("no free port on 127.0.0.1: stop some servers and try again")

    def close(self) -> None:
        """Leave the ranges to others."""
        while self._held:
            self._held.popitem()[1].close()

    def _holds(self, port: int) -> bool:
        first = port - (port - _LOWEST) % _RANGE
        return first in self._held or self._hold(first)

    def _in_turn(self) -> Iterator[int]:
        own = [port for first in self._held for port in range(first + 1, first + _RANGE)]
        for _ in own:
            self._given += 1
            yield own[self._given % len(own)]

    def _of_more_ranges(self) -> Iterator[int]:
        ranges = range(_LOWEST, _first_ephemeral() - _RANGE + 1, _RANGE)
        for first in random.sample(ranges, k=len(ranges)):
            if first not in self._held and self._hold(first):
                yield from range(first + 1, first + _RANGE)

    def _hold(self, first: int) -> bool:
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            holder.bind((LOOPBACK, first))
        except OSError:
            holder.close()
            return False
        self._held[first] = holder
        return True


_of_this_process = Ports()
atexit.register(_of_this_process.close)
free_port = _of_this_process.free_port


def _first_ephemeral() -> int:
    try:
        first = int(_EPHEMERAL_RANGE.read_text().split()[0])
    except OSError:
        first = 32_768
    return first if first > _LOWEST + 1000 else 65_536


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as candidate:
            if kind == socket.SOCK_STREAM:
                # a server may bind again while connections of its last life linger in TIME_WAIT
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((LOOPBACK, port))
            except OSError:
                return False
    return True
