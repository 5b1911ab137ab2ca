"""One partition of a channel as it arrives: a standing pull request on its JetStream durable.

Order across crashes rests on `take_over`. Messages that an earlier process, or this one before its
connection broke, was handed and never acknowledged come again late, behind newer ones. So a feed
offers nothing until everything that JetStream holds as unacknowledged is in its own hands, and then
offers it in stream order.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from chassis.consumers.incoming import Incoming
from chassis.messaging.topology import Consumer
from chassis.tasks import end

log = structlog.get_logger(__name__)

_PULL_SECONDS = 60
_HEARTBEAT_SECONDS = 15
_SILENCE_SECONDS = 2.5 * _HEARTBEAT_SECONDS
_INFO_TIMEOUT_SECONDS = 2.0
_TAKE_OVER_POLL_SECONDS = 0.05
_TAKE_OVER_POLL_MAX_SECONDS = 1.0
_RECLAIM_AT_MOST = 20_000
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A message in the hands of a feed."""

    incoming: Incoming
    feed: "PartitionFeed"


class PartitionFeed:
    """Pulls one partition and hands its messages to `offer`, each once, in stream order."""

    def __init__(
        self, client: Client, consumer: Consumer, partition: int, offer: Callable[[Held], None]
    ) -> None:
        self._client = client
        self._api = f"{consumer.channel.stream}.{consumer.durable(partition)}"
        self._consumer = consumer
        self._offer = offer
        self._in_hand: dict[int, Held] = {}
        self._requested = 0
        self._settled = False
        self._heard = asyncio.get_running_loop().time()
        self._subscription: Subscription | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.open = False

    async def start(self) -> None:
        """Subscribe and take over what earlier holders of the partition left."""
        self.open = True
        inbox = self._client.new_inbox()
        self._subscription = await self._client.subscribe(inbox, cb=self._on_message)
        self._inbox = inbox
        self._keeper = asyncio.create_task(self._keep(), name=f"feed {self._api}")

    async def stop(self) -> None:
        """Stop pulling and give back at once what has not been acknowledged."""
        self.open = False
        if self._keeper is not None:
            await end(self._keeper)
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()
            await self._publish_all((held.incoming.reply for held in self._ordered()), b"-NAK")
        self._in_hand.clear()

    def reconnected(self) -> None:
        """The connection was broken: what was on its way may be lost, and the request is."""
        self._settled = False
        self._requested = 0
        if self._keeper is not None:
            keep = self._keep(after=self._keeper)
            self._keeper = asyncio.create_task(keep, name=f"feed {self._api}")

    @property
    def heard_at(self) -> float:
        """When JetStream was last heard on the pull request, in Unix time."""
        return time.time() - (asyncio.get_running_loop().time() - self._heard)

    async def state(self) -> dict[str, Any]:
        """The durable's state as JetStream tells it now.

        Raises what NATS raises when it does not answer, and KeyError for a missing durable.
        """
        return _existing(await self._ask_info())

    async def acknowledge(self, messages: Iterable[Incoming]) -> None:
        """Acknowledge messages whose outcome is committed; written together, not waited for."""
        done = list(messages)
        await self._publish_all((message.reply for message in done), b"+ACK")
        for message in done:
            self._in_hand.pop(message.stream_sequence, None)
        await self._request_more()

    async def _keep(self, *, after: asyncio.Task[None] | None = None) -> None:
        if after is not None:
            await end(after)
        await self._take_over()
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            if asyncio.get_running_loop().time() - self._heard > _SILENCE_SECONDS:
                log.info("pull request renewed after silence", consumer=self._api)
                self._requested = 0
                await self._request_more()

    async def _take_over(self) -> None:
        await self._reclaim(await self._info())
        self._requested = 0
        await self._request_more()
        pause = _TAKE_OVER_POLL_SECONDS
        while (await self._info())["num_ack_pending"] > len(self._in_hand):
            await asyncio.sleep(pause)
            pause = min(2 * pause, _TAKE_OVER_POLL_MAX_SECONDS)
        self._settled = True
        for held in self._ordered():
            self._offer(held)

    async def _reclaim(self, info: dict[str, Any]) -> None:
        """Ask for the unacknowledged messages now instead of after `ack_wait`.

        The server ignores a negative acknowledgement of anything that is not pending, so the whole
        range is named. Should it ignore them all, `ack_wait` still brings the messages back.
        """
        first = info["ack_floor"]["stream_seq"] + 1
        last = info["delivered"]["stream_seq"]
        if not info["num_ack_pending"] or last - first > _RECLAIM_AT_MOST:
            return
        delivery = info["delivered"]["consumer_seq"]
        log.info("taking over", consumer=self._api, unacknowledged=info["num_ack_pending"])
        await self._publish_all(
            (
                f"$JS.ACK.{self._api}.1.{sequence}.{delivery}.0.0"
                for sequence in range(first, last + 1)
                if sequence not in self._in_hand
            ),
            b"-NAK",
        )

    async def _info(self) -> dict[str, Any]:
        """The durable's state; waits for JetStream and for a provisioner that has not run yet."""
        pause = _TAKE_OVER_POLL_SECONDS
        while True:
            try:
                info = await self._ask_info()
                if "error" not in info:
                    return info
                log.warning("durable not there", consumer=self._api, error=info["error"])
            except (NatsError, OSError) as error:
                log.info("JetStream does not answer", consumer=self._api, error=repr(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _TAKE_OVER_POLL_MAX_SECONDS)

    async def _ask_info(self) -> dict[str, Any]:
        answer = await self._client.request(
            f"$JS.API.CONSUMER.INFO.{self._api}", timeout=_INFO_TIMEOUT_SECONDS
        )
        info: dict[str, Any] = json.loads(answer.data)
        return info

    async def _on_message(self, message: Msg) -> None:
        self._heard = asyncio.get_running_loop().time()
        if not message.reply.startswith("$JS.ACK."):
            await self._on_status(message.headers or {})
            return
        self._requested = max(0, self._requested - 1)
        held = Held(Incoming.of(message), self)
        sequence = held.incoming.stream_sequence
        if sequence in self._in_hand:
            return
        self._in_hand[sequence] = held
        if self._settled:
            self._offer(held)
        await self._request_more()

    async def _on_status(self, headers: dict[str, str]) -> None:
        if headers.get("Status") == "100":
            return
        self._requested = 0
        if headers.get("Status") == "409":
            log.warning("pull refused", consumer=self._api, why=headers.get("Description"))
            await asyncio.sleep(_TAKE_OVER_POLL_SECONDS)
        await self._request_more()

    async def _request_more(self) -> None:
        """Keep a request standing for what fits into the hands, asked for by half batches."""
        room = self._consumer.max_ack_pending - len(self._in_hand) - self._requested
        batch = self._consumer.max_batch
        if not self.open or self._requested > batch // 2 or room < batch:
            return
        self._requested += batch
        request = {
            "batch": batch,
            "expires": _PULL_SECONDS * _NANOSECONDS,
            "idle_heartbeat": _HEARTBEAT_SECONDS * _NANOSECONDS,
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._api}"
        await self._publish(subject, json.dumps(request).encode(), self._inbox)

    def _ordered(self) -> list[Held]:
        return [self._in_hand[sequence] for sequence in sorted(self._in_hand)]

    async def _publish_all(self, subjects: Iterable[str], payload: bytes) -> None:
        for subject in subjects:
            await self._publish(subject, payload)

    async def _publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        try:
            await self._client.publish(subject, payload, reply=reply)
        except (
            NatsError
        ) as error:  # not connected: the messages come again and the inbox knows them
            log.debug("not sent while disconnected", subject=subject, error=repr(error))


def _existing(info: dict[str, Any]) -> dict[str, Any]:
    if "error" in info:
        raise KeyError(info["error"]["description"])
    return info
