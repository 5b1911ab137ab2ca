"""Telling a row that nobody will ever take from a server that is away."""

import json
from collections.abc import Sequence
from typing import Final

from chassis.relay.publishing.verdict import UNANSWERED, UNHEARD, Fate, Verdict
from chassis.relay.rows import ClaimedRow
from chassis.relay.wire import Wire, WireLostError

ANSWER_SECONDS: Final = 2.0
_STREAM_NAMES: Final = "$JS.API.STREAM.NAMES"


async def explain(
    wire: Wire, rows: Sequence[ClaimedRow], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """The verdicts, with the doubtful ones made definite: refused, or delayed."""
    pairs = list(zip(rows, verdicts, strict=True))
    unheard = {row.subject for row, verdict in pairs if verdict is UNHEARD}
    causes = {subject: await _cause_of_silence(wire, subject) for subject in unheard}
    return [
        causes[row.subject] if verdict is UNHEARD else _denied_or(wire, row, verdict)
        for row, verdict in pairs
    ]


async def _cause_of_silence(wire: Wire, subject: str) -> Verdict:
    """No stream, if JetStream says so; else it is starting, electing a leader or away."""
    request = json.dumps({"subject": subject}).encode()
    try:
        answer = await wire.ask(_STREAM_NAMES, request, timeout=ANSWER_SECONDS)
    except WireLostError as error:
        return Verdict(Fate.DELAYED, str(error))
    if answer.unheard:
        return Verdict(Fate.DELAYED, "JetStream does not answer")
    streams = json.loads(answer.data)
    if "error" in streams or streams.get("streams"):
        return Verdict(Fate.DELAYED, "the stream is not ready")
    return Verdict(Fate.REFUSED, f"no stream stores the subject {subject}")


def _denied_or(wire: Wire, row: ClaimedRow, verdict: Verdict) -> Verdict:
    """NATS does not answer a publish that it forbids, it tells the connection."""
    return denied(row) if verdict is UNANSWERED and wire.is_denied(row.subject) else verdict


def denied(row: ClaimedRow) -> Verdict:
    return Verdict(Fate.REFUSED, f"no permission to publish to {row.subject}")
