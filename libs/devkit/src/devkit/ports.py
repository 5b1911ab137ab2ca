"""Free TCP and UDP ports of the loopback interface."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST = 18_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(preferred: int | None = None) -> int:
    """A port that is free for TCP and UDP now; ``preferred`` if that is.

    Taken from below the kernel's ephemeral range: a port from within it can be handed to an
    outgoing connection while its server restarts, or a client that reconnects can even meet itself.
    """
    candidates = random.sample(range(_LOWEST, _first_ephemeral()), k=200)
    if preferred is not None:
        candidates.insert(0, preferred)
    for port in candidates:
        if _is_free(port):
            return port
    raise RuntimeError("no free port on 127.0.0.1: stop some servers and try again")


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
