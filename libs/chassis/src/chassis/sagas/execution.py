"""Carrying out what transitions ask for, in their transaction."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.envelope import OutgoingMessage, SagaReference
from chassis.outbox.cause import Cause, caused_by
from chassis.outbox.outbox import Outbox
from chassis.persistence.loading import Load, preload
from chassis.sagas.batch import Move
from chassis.sagas.effects import Effect, RunLocal, SendCommand
from chassis.sagas.state import SagaInstance


class Execution:
    """Runs local steps and sends commands, whose answers come back on the channel `reply_to`."""

    def __init__(self, outbox: Outbox, reply_to: str) -> None:
        self._outbox = outbox
        self._reply_to = reply_to

    async def carry_out(self, session: AsyncSession, moves: Sequence[Move]) -> None:
        """Carry out all effects in order; what local steps need is loaded for all of them first."""
        await preload(session, _loads(moves))
        for move in moves:
            for effect in move.transition.effects:
                with move.around(effect):
                    await self._carry_out(session, move.transition.after, effect)

    async def _carry_out(
        self, session: AsyncSession, instance: SagaInstance, effect: Effect
    ) -> None:
        if isinstance(effect, SendCommand):
            self._send(session, instance, effect)
        else:
            await _run(session, instance, effect)

    def _send(self, session: AsyncSession, instance: SagaInstance, effect: SendCommand) -> None:
        self._outbox.add(
            session,
            OutgoingMessage(
                message=effect.command,
                key=effect.command.key,
                message_id=effect.message_id,
                correlation_id=str(instance.saga_id),
                causation_id=effect.causation_id,
                saga=SagaReference(
                    saga_type=instance.saga_type,
                    saga_id=instance.saga_id,
                    step=effect.step.name,
                    direction=effect.direction,
                ),
                reply_to=self._reply_to,
                deadline=effect.answer_by,
            ),
        )


async def _run(session: AsyncSession, instance: SagaInstance, effect: RunLocal) -> None:
    cause = Cause(correlation_id=str(instance.saga_id), causation_id=effect.causation_id)
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
