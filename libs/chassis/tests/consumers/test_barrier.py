"""The races that step time-outs cause, and what a participant does in each."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from chassis.messaging.envelope import Direction, SagaReference
from devkit.eventually import eventually

ACTION, COMPENSATION = Direction.ACTION, Direction.COMPENSATION
DONE = ("ledger.Noted.v1", "success")
NOTHING_TO_UNDO = ("chassis.NothingToUndo.v1", "success")
ALREADY_UNDONE = ("chassis.StepAlreadyUndone.v1", "refused")


@pytest.mark.parametrize(
    ("arriving", "answers", "handled"),
    [
        ([ACTION, COMPENSATION], [DONE, DONE], 2),
        ([COMPENSATION], [NOTHING_TO_UNDO], 0),
        ([COMPENSATION, ACTION], [NOTHING_TO_UNDO, ALREADY_UNDONE], 0),
        ([ACTION, ACTION], [DONE, DONE], 1),
        ([ACTION, COMPENSATION, COMPENSATION], [DONE, DONE, DONE], 2),
        (
            [COMPENSATION, COMPENSATION, ACTION, ACTION],
            [NOTHING_TO_UNDO, NOTHING_TO_UNDO, ALREADY_UNDONE, ALREADY_UNDONE],
            0,
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_a_step_is_done_and_undone_at_most_once_in_whatever_order_it_is_asked_for(
    ledger: Any,
    note: Any,
    *,
    arriving: list[Direction],
    answers: list[tuple[str, str]],
    handled: int,
    together: bool,
) -> None:
    saga_id = uuid4()
    if not together:
        await ledger.start()

    for number, direction in enumerate(arriving, start=1):
        saga = SagaReference(saga_type="Audit", saga_id=saga_id, step="note", direction=direction)
        await ledger.send(note("a", 1, reply_to="asker.replies", saga=saga))
        if not together:
            await eventually(partial(_answered, ledger, number))
    if together:
        await ledger.start()

    await eventually(lambda: _answered(ledger, len(arriving)))
    assert await _answers(ledger) == answers
    assert len(await ledger.notes()) == handled


async def _answered(ledger: Any, number: int) -> bool:
    return len(await _answers(ledger)) >= number


async def _answers(ledger: Any) -> list[tuple[str, str]]:
    rows = await ledger.rows("SELECT headers FROM outbox ORDER BY id")
    return [_answer(row.headers.decode()) for row in rows]


def _answer(block: str) -> tuple[str, str]:
    headers = dict(line.split(": ", 1) for line in block.split("\r\n")[1:-1])
    return headers["ce-type"], headers["ce-outcome"]
