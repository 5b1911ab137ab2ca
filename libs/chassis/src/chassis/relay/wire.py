"""The one module below nats-py: whole protocol frames written at once, replies by token.

nats-py encodes the headers of every message anew and awaits it alone; the outbox holds them
encoded, and a batch is one write. Connecting, reconnecting, TLS, credentials, pings and the parsing
of what comes back stay nats-py's.
"""

import asyncio
import contextlib
import itertools
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry

from chassis.messaging.inbox import inbox_prefix
from chassis.metrics.nats import NatsMetrics
from chassis.tasks import end

log = logging.getLogger(__name__)

RECONNECT_SECONDS: Final = 0.25
CONNECT_SECONDS: Final = 5.0
DENIAL_SECONDS: Final = 10.0
"""Permissions may be granted while the connection lasts."""


class WireLostError(Exception):
    """There is no connection to NATS now, or it did not answer; it comes back by itself."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a frame.

    `unheard`: nothing listens on its subject (status 503). `lost`: the connection went away before
    the answer, and nobody knows what was stored.
    """

    data: bytes = b""
    unheard: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """A reply subject to put into a frame, and its first reply that is not empty."""

    subject: bytes
    reply: asyncio.Future[Reply]


class Wire:
    """A connection to NATS that comes back by itself, however long the server is away."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        on_connected: Callable[[], None] = lambda: None,
        metrics: NatsMetrics | None = None,
    ) -> None:
        self._url = url
        self._name = name
        self._announce = on_connected
        self._inbox = f"{inbox_prefix(name)}.{secrets.token_hex(8)}"
        self._metrics = metrics or NatsMetrics(CollectorRegistry())
        self._client = Client()
        self._connected = False
        self._closed = asyncio.Event()
        self._tokens = itertools.count(1)
        self._expected: dict[str, asyncio.Future[Reply]] = {}
        self._denied: dict[str, float] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect in the background and stay connected until the end of the block."""
        supervisor = asyncio.create_task(self._supervise())
        try:
            yield
        finally:
            await end(supervisor)
            self._lose()
            await self._client.close()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def max_payload(self) -> int:
        """The server's limit for header block and body together, in bytes."""
        return self._client.max_payload

    def is_denied(self, subject: str) -> bool:
        """The server has lately refused this connection the right to publish to the subject."""
        if not self._denied:
            return False
        # nats-py lowers the server's message
        denied_at = self._denied.get(subject.lower(), -DENIAL_SECONDS)
        return time.monotonic() - denied_at < DENIAL_SECONDS

    def expect(self) -> Expected:
        """Announce a reply. Cancel its future when you no longer wait for it."""
        token = str(next(self._tokens))
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._expected[token] = reply
        reply.add_done_callback(lambda _: self._expected.pop(token, None))
        return Expected(f"{self._inbox}.{token}".encode(), reply)

    def write(self, frames: bytes) -> None:
        """Hand whole frames to the socket in one write. Raises WireLostError when it is away."""
        transport = self._client._transport  # noqa: SLF001  # nats-py has no door for raw frames
        if not self.connected or transport is None:
            raise WireLostError("not connected to NATS")
        transport.write(frames)

    async def ask(self, subject: str, request: bytes, *, timeout: float) -> Reply:  # noqa: ASYNC109  # nats-py times out by itself
        """A plain request. Raises WireLostError when no answer comes."""
        try:
            answer = await self._client.request(subject, request, timeout=timeout)
        except nats.errors.NoRespondersError:
            return Reply(unheard=True)
        except nats.errors.Error as error:
            raise WireLostError(f"no answer from {subject}: {error}") from error
        return Reply(answer.data)

    async def _supervise(self) -> None:
        while True:
            self._closed.clear()
            self._client = Client()
            try:
                await self._connect()
                # nats-py gives up on some errors of the server for good, such as a refused login
                await self._closed.wait()
            except Exception as error:  # noqa: BLE001  # without a supervisor: no relay
                log.warning("connecting to NATS failed", extra={"error": repr(error)})
                await self._client.close()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _connect(self) -> None:
        """nats-py tries for ever by itself; one that hangs is begun anew by a new client."""
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._client.connect(self._url, **self._options())
            await self._client.subscribe(f"{self._inbox}.*", cb=self._on_reply)
        await self._on_connected()

    def _options(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "inbox_prefix": inbox_prefix(self._name),
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": RECONNECT_SECONDS,
            "ping_interval": 5,
            "error_cb": self._on_error,
            "disconnected_cb": self._on_disconnected,
            "reconnected_cb": self._on_reconnected,
            "closed_cb": self._on_closed,
        }

    async def _on_connected(self) -> None:
        self._denied.clear()
        self._connected = True
        self._metrics.connected()
        log.info("connected to NATS")
        self._announce()

    async def _on_reconnected(self) -> None:
        self._metrics.reconnected()
        await self._on_connected()

    async def _on_disconnected(self) -> None:
        log.warning("connection to NATS lost")
        self._lose()

    async def _on_closed(self) -> None:
        self._lose()
        self._closed.set()

    async def _on_error(self, error: Exception) -> None:
        violation = self._metrics.failed(error)
        if violation is not None and violation.operation == "publish":
            self._denied[violation.subject] = time.monotonic()
        log.warning("NATS reported an error", extra={"error": str(error) or repr(error)})

    async def _on_reply(self, message: Msg) -> None:
        unheard = bool(message.headers and message.headers.get("Status") == "503")
        if not message.data and not unheard:
            return  # the server has begun a batch
        reply = self._expected.get(message.subject.rpartition(".")[2])
        if reply is not None and not reply.done():
            reply.set_result(Reply(message.data, unheard=unheard))

    def _lose(self) -> None:
        self._connected = False
        self._metrics.disconnected()
        for reply in list(self._expected.values()):
            if not reply.done():
                reply.set_result(Reply(lost=True))
