"""What a saga has done so far in a test, as lines that a person reads."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Effect, RunLocal, SendCommand


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
        is_action = effect.direction is Direction.ACTION
        if isinstance(effect, SendCommand):
            what = "command" if is_action else "compensation"
            return f"{what} {effect.command!r} to {channel_of(effect.command)}"
        what = "local step" if is_action else "compensation"
        return f"{what} {getattr(effect.function, '__name__', effect.function)}"

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
