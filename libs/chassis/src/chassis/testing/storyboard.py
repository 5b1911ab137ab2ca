"""What a saga has done so far in a test, as lines that a person reads."""

from typing import Any, assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import (
    AnswerParent,
    Effect,
    RunLocal,
    SendCommand,
    StartSubSaga,
    TurnSubSagaBack,
)


class Storyboard:
    """Collects the lines of one scenario."""

    def __init__(self, saga: SagaDefinition, data: Any) -> None:
        self._lines = [f"given {saga.__name__} with {data!r}"]

    def add(self, line: str) -> None:
        self._lines.append(line)

    def add_effect(self, effect: Effect) -> None:
        self._lines.append(f"  {self.told(effect)}")

    @staticmethod
    def told(effect: Effect) -> str:
        """One effect in the words of the expectations."""
        match effect:
            case SendCommand():
                what = "command" if effect.answer_by is not None else "notification"
                what = what if effect.direction is Direction.ACTION else "compensation"
                return f"{what} {effect.command!r} to {channel_of(effect.command)}"
            case RunLocal():
                what = "local step" if effect.direction is Direction.ACTION else "compensation"
                return f"{what} {getattr(effect.function, '__name__', effect.function)}"
            case StartSubSaga():
                return f"sub-saga {effect.step.saga.__name__} with {effect.data!r}"
            case TurnSubSagaBack():
                return f"word to sub-saga {effect.step.saga.__name__}: go back"
            case AnswerParent():
                return f"answer to the parent saga: {effect.reply!r}"
            case _:
                assert_never(effect)

    def __str__(self) -> str:
        return "\n".join(("storyboard so far:", *(f"  {line}" for line in self._lines)))


def channel_of(command: Command) -> str:
    """The channel that a command is sent to."""
    return f"{command.context}.{command.kind}"


def run_now(effect: RunLocal, session: AsyncSession) -> None:
    """Run a local step with a stand-in for its session, which answers at once."""
    running = effect.function(effect.data, session).__await__()
    try:
        next(running)
    except StopIteration:
        return
    raise AssertionError(
        f"the local step {effect.step.name} waited for something real: "
        "give the scenario a stand-in session that answers at once"
    )
