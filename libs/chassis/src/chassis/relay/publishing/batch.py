"""JetStream's atomic batches: one stream, one acknowledgement, all or nothing."""

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chassis.relay.frames import batch_frames
from chassis.relay.publishing.verdict import LOST, UNANSWERED, Verdict, judge
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Expected, Reply, Wire, WireLostError

BATCH_ROWS: Final = 1000
"""The server's limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedBatch:
    """A batch whose rows the server has, all but the one that commits it.

    The server forgets it after ten seconds, or with the connection.
    """

    rows: Sequence[ClaimedRow]
    commit: bytes
    answer: Expected

    def abandon(self) -> None:
        self.answer.reply.cancel()


class BatchPublisher:
    """Publishes up to BATCH_ROWS rows of one stream as one batch, in two steps.

    The server takes the rows of a staged batch in while it still stores the batch before; nothing
    of them is in the stream until the commit.
    """

    def __init__(self, wire: Wire, *, ack_seconds: float) -> None:
        self._wire = wire
        self._ack_seconds = ack_seconds
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def stage(self, rows: Sequence[ClaimedRow]) -> StagedBatch:
        """Send two rows or more, except for the last."""
        answer = self._wire.expect()
        batch_id = f"{self._prefix}-{next(self._numbers)}"
        *head, commit = batch_frames(rows, batch_id=batch_id, reply=answer.subject)
        try:
            self._wire.write(b"".join(head))
        except WireLostError:
            answer.reply.set_result(Reply(lost=True))
        return StagedBatch(rows=rows, commit=commit, answer=answer)

    async def commit(self, batch: StagedBatch) -> Verdict:
        """One verdict for all rows: stored in their order, or none of them.

        A batch that was not answered may yet be stored: published again under the same message
        ids, it is refused as a duplicate.
        """
        reply = batch.answer.reply
        try:
            if not reply.done():  # else the server has refused the batch, or the connection is lost
                self._wire.write(batch.commit)
            return judge(await asyncio.wait_for(reply, self._ack_seconds))
        except WireLostError:
            return LOST
        except TimeoutError:
            return UNANSWERED
        finally:
            reply.cancel()
