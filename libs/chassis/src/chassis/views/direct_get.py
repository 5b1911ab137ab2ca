"""Reading a stream by sequence with JetStream's Direct Get, which needs no consumer.

Measured with the server in the lock (2.15.1):

- A batch request with `next_by_subj`, wildcards included, answers with the messages of these
  subjects at or behind `seq`, in order, their own headers kept and `Nats-Sequence`, `Nats-Subject`,
  `Nats-Last-Sequence` (that of the message before, 0 for the first) added.
- Behind the last one comes an empty message with status 204; its `Nats-Num-Pending` counts what
  the stream still has of these subjects. Nothing at or behind `seq` is status 404 alone.
- A `seq` whose message is gone, or was never one of these subjects, means the next one that is.
- A stream that is missing, or does not allow it, has nobody who answers: status 503.
- A batch of 5,000 is answered like one of 100: reading 10,000 messages takes 0.5 s of nats-py.

A message is announced to plain subscribers before it is stored, so that it may not be found yet.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

_SILENCE_SECONDS: Final = 5.0
_STATUS: Final = "Status"
_MOST_BYTES: Final = 16 * 1024 * 1024


class StreamAwayError(Exception):
    """The stream does not answer; ask again later from the same sequence."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the stream has it."""

    sequence: int
    subject: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in stream order, and how many the stream still has behind them."""

    messages: list[StoredMessage]
    pending: int


class DirectReader:
    """Reads the messages of some subjects of one stream; calls must not overlap."""

    def __init__(self, client: Client, stream: str, subject: str) -> None:
        self._client = client
        self._stream = stream
        self._subject = subject
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._request = 0
        self._messages: list[StoredMessage] = []
        self._answer: asyncio.Future[int] | None = None
        self._last = "0"
        self._heard = 0.0

    async def read(self, start: int, limit: int) -> Batch:
        """At most `limit` messages with a sequence of at least `start`.

        Raises StreamAwayError when an answer is not complete: nothing of it is returned.
        """
        if self._subscription is None:
            self._inbox = self._client.new_inbox()
            self._subscription = await self._client.subscribe(
                f"{self._inbox}.*", cb=self._on_message
            )
        loop = asyncio.get_running_loop()
        self._request += 1  # what comes late of an earlier request is not mixed in
        self._messages, self._last, self._answer = [], "0", loop.create_future()
        wanted = {
            "seq": start,
            "batch": limit,
            "max_bytes": _MOST_BYTES,
            "next_by_subj": self._subject,
        }
        await self._client.publish(
            f"$JS.API.DIRECT.GET.{self._stream}",
            json.dumps(wanted).encode(),
            reply=f"{self._inbox}.{self._request}",
        )
        return Batch(self._messages, await self._until_answered(self._answer))

    async def close(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._client.is_closed:
            await subscription.unsubscribe()

    async def _until_answered(self, answer: asyncio.Future[int]) -> int:
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        while not answer.done():
            left = self._heard + _SILENCE_SECONDS - loop.time()
            if left <= 0:
                raise StreamAwayError(f"{self._stream} does not answer")
            await asyncio.wait([answer], timeout=left)
        return answer.result()

    async def _on_message(self, message: Msg) -> None:
        if self._answer is None or self._answer.done():
            return
        if not message.subject.endswith(f".{self._request}"):
            return
        self._heard = asyncio.get_running_loop().time()
        headers: dict[str, Any] = message.headers or {}
        if not message.data and _STATUS in headers:
            self._on_status(headers, self._answer)
            return
        if headers["Nats-Last-Sequence"] != self._last:
            self._answer.set_exception(StreamAwayError(f"messages of {self._stream} were lost"))
            return
        self._last = headers["Nats-Sequence"]
        self._messages.append(
            StoredMessage(int(self._last), headers["Nats-Subject"], headers, message.data)
        )

    def _on_status(self, headers: dict[str, str], answer: asyncio.Future[int]) -> None:
        match headers[_STATUS]:
            case "204" if headers.get("Nats-Last-Sequence") != self._last:
                answer.set_exception(StreamAwayError(f"messages of {self._stream} were lost"))
            case "204":
                answer.set_result(int(headers.get("Nats-Num-Pending", "0")))
            case "404":
                answer.set_result(0)
            case "503":
                answer.set_exception(
                    StreamAwayError(f"{self._stream} is not there or does not allow direct reads")
                )
            case other:
                described = f"{other} {headers.get('Description', '')}"
                answer.set_exception(StreamAwayError(f"{self._stream} answers {described}"))


async def first_and_last(client: Client, stream: str) -> tuple[int, int]:
    """The sequences that a stream begins and ends with now; raises StreamAwayError."""
    try:
        answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", timeout=_SILENCE_SECONDS)
        state = json.loads(answer.data)["state"]
    except (KeyError, ValueError) as error:
        raise StreamAwayError(f"{stream} is not there") from error
    return state["first_seq"], state["last_seq"]
