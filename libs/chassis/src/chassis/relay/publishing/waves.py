"""Plain publishes written together: a wave has one row of a key, and waits for its answers."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from chassis.relay.frames import frame
from chassis.relay.publishing.diagnosis import denied, explain
from chassis.relay.publishing.outcome import Outcome, Refused
from chassis.relay.publishing.verdict import (
    DUPLICATE,
    LOST,
    STORED,
    UNANSWERED,
    Fate,
    Verdict,
    judge,
)
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Expected, Wire, WireLostError

WAVE_ROWS: Final = 256
"""A stream that refuses everything has been asked for so many rows when that is noticed."""


def waves(rows: Sequence[ClaimedRow]) -> list[list[ClaimedRow]]:
    """Split the rows so that the n-th row of every key is in the n-th wave."""
    rows_of_key: dict[str, int] = {}
    split: list[list[ClaimedRow]] = []
    for row in rows:
        number = rows_of_key.get(row.key, 0)
        rows_of_key[row.key] = number + 1
        if number == len(split):
            split.append([])
        split[number].append(row)
    return split


class WavePublisher:
    """Publishes rows of one stream, in order for each key whatever fails.

    A key whose row failed gets no further row, a stream that is delayed no further wave.
    `ack_seconds` is how long the wire may be silent while answers are due.
    """

    def __init__(self, wire: Wire, *, ack_seconds: float) -> None:
        self._wire = wire
        self._ack_seconds = ack_seconds

    async def publish(self, channel: str, rows: Sequence[ClaimedRow]) -> Outcome:
        outcome = Outcome()
        for wave in _pieces(waves(rows)):
            going = self._admitted(channel, wave, outcome)
            verdicts = await explain(self._wire, going, await self._publish_wave(going))
            for row, verdict in zip(going, verdicts, strict=True):
                _record(outcome, channel, row, verdict)
            if outcome.delayed:
                outcome.stopped_keys |= _keys_of_untried(rows, outcome)
                break
        return outcome

    def _admitted(
        self, channel: str, wave: Sequence[ClaimedRow], outcome: Outcome
    ) -> list[ClaimedRow]:
        """The rows to send: NATS would be silent on those that it is known to forbid."""
        going = [row for row in wave if row.key not in outcome.stopped_keys]
        for row in going:
            if self._wire.is_denied(row.subject):
                _record(outcome, channel, row, denied(row))
        return [row for row in going if row.key not in outcome.stopped_keys]

    async def _publish_wave(self, rows: Sequence[ClaimedRow]) -> list[Verdict]:
        expected = [self._wire.expect() for _ in rows]
        frames = (
            frame(row, reply=answer.subject) for row, answer in zip(rows, expected, strict=True)
        )
        try:
            self._wire.write(b"".join(frames))
            await self._answers(expected)
            return [_verdict(answer) for answer in expected]
        except WireLostError:
            return [LOST] * len(rows)
        finally:
            for answer in expected:
                answer.reply.cancel()

    async def _answers(self, expected: Sequence[Expected]) -> None:
        """Until all have answered, or none has for `ack_seconds`."""
        pending = {answer.reply for answer in expected}
        while pending:
            answered, pending = await asyncio.wait(pending, timeout=self._ack_seconds)
            if not answered:
                return


def _pieces(split: Sequence[list[ClaimedRow]]) -> Iterator[list[ClaimedRow]]:
    for wave in split:
        for start in range(0, len(wave), WAVE_ROWS):
            yield wave[start : start + WAVE_ROWS]


def _keys_of_untried(rows: Sequence[ClaimedRow], outcome: Outcome) -> set[str]:
    published = {row.id for row in (*outcome.stored, *outcome.duplicates)}
    return {row.key for row in rows if row.id not in published}


def _verdict(answer: Expected) -> Verdict:
    return judge(answer.reply.result()) if answer.reply.done() else UNANSWERED


def _record(outcome: Outcome, channel: str, row: ClaimedRow, verdict: Verdict) -> None:
    if verdict is STORED:
        outcome.stored.append(row)
    elif verdict is DUPLICATE:
        outcome.duplicates.append(row)
    else:
        outcome.stopped_keys.add(row.key)
        if verdict.fate is Fate.REFUSED:
            outcome.refused.append(Refused(row=row, error=verdict.error))
        else:
            outcome.delayed[channel] = verdict.error
