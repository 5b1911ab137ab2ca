"""Carrying out what transitions ask for, in their transaction."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.envelope import Direction, Outcome, OutgoingMessage, SagaReference
from chassis.outbox.cause import Cause, caused_by
from chassis.outbox.outbox import Outbox
from chassis.persistence.loading import Load, preload
from chassis.sagas.batch import Move
from chassis.sagas.effects import (
    AnswerParent,
    Effect,
    RunLocal,
    SendCommand,
    StartSubSaga,
    TurnSubSagaBack,
)
from chassis.sagas.family import ParentTurnedBack
from chassis.sagas.state import SagaInstance


class Execution:
    """Runs local steps and sends messages; answers come back on the channel `reply_to`."""

    def __init__(self, outbox: Outbox, reply_to: str) -> None:
        self._outbox = outbox
        self._reply_to = reply_to

    async def carry_out(self, session: AsyncSession, moves: Sequence[Move]) -> None:
        """Carry out all effects in order; what local steps need is loaded for all of them first.

        A sub-saga that is started has a move of its own among them.
        """
        await preload(session, _loads(moves))
        for move in moves:
            for effect in move.transition.effects:
                with move.around(effect):
                    await self._carry_out(session, move.transition.after, effect)

    async def _carry_out(
        self, session: AsyncSession, instance: SagaInstance, effect: Effect
    ) -> None:
        match effect:
            case SendCommand():
                self._outbox.add(session, self._command(instance, effect))
            case RunLocal():
                await _run(session, instance, effect)
            case StartSubSaga():
                pass
            case TurnSubSagaBack():
                self._outbox.add(session, self._word_to_child(instance, effect))
            case AnswerParent():
                self._outbox.add(session, self._answer_to_parent(instance, effect))
            case _:
                assert_never(effect)

    def _command(self, instance: SagaInstance, effect: SendCommand) -> OutgoingMessage:
        return OutgoingMessage(
            message=effect.command,
            key=effect.command.key,
            message_id=effect.message_id,
            correlation_id=str(instance.saga_id),
            causation_id=effect.causation_id,
            saga=SagaReference(
                saga_type=instance.saga_type,
                saga_id=instance.saga_id,
                step=effect.step.name,
                direction=effect.wire_direction,
            ),
            reply_to=self._reply_to if effect.answer_by is not None else None,
            deadline=effect.answer_by,
        )

    def _word_to_child(self, instance: SagaInstance, effect: TurnSubSagaBack) -> OutgoingMessage:
        return OutgoingMessage(
            message=ParentTurnedBack(),
            key=str(effect.saga_id),
            message_id=effect.message_id,
            correlation_id=str(instance.saga_id),
            saga=SagaReference(
                saga_type=effect.step.saga.saga_type,
                saga_id=effect.saga_id,
                step=effect.step.name,
                direction=effect.direction,
            ),
            reply_to=self._reply_to,
            outcome=Outcome.SUCCESS,
        )

    def _answer_to_parent(self, instance: SagaInstance, effect: AnswerParent) -> OutgoingMessage:
        parent = effect.parent
        return OutgoingMessage(
            message=effect.reply,
            key=str(parent.saga_id),
            correlation_id=str(parent.saga_id),
            causation_id=instance.saga_id,
            saga=SagaReference(
                saga_type=parent.saga_type,
                saga_id=parent.saga_id,
                step=parent.step,
                direction=Direction.ACTION,
            ),
            reply_to=self._reply_to,
            outcome=Outcome.of(effect.reply),
        )


async def _run(session: AsyncSession, instance: SagaInstance, effect: RunLocal) -> None:
    cause = Cause(
        correlation_id=str(instance.saga_id),
        causation_id=effect.causation_id,
        saga_type=instance.saga_type,
    )
    with caused_by(session, cause):
        await effect.function(effect.data, session)


def _loads(moves: Iterable[Move]) -> list[tuple[Load, object]]:
    return [
        (load, effect.data)
        for move in moves
        for effect in move.transition.effects
        if isinstance(effect, RunLocal)
        for load in effect.step.loads
    ]
