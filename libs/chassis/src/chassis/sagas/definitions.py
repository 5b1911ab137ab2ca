"""The saga definitions that a process has loaded: several types, several versions of each."""

from collections.abc import Sequence

from chassis.consumers.processor import UnknownTypeError
from chassis.messaging.contracts import Reply
from chassis.sagas.checks import SagaDefinitionError
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.family import ParentTurnedBack
from chassis.sagas.steps import CommandStep, SubSagaStep


class UnknownSagaError(UnknownTypeError):
    """No definition is loaded for an instance: its message waits for a process that has it."""


class Definitions:
    """Finds definitions by type and version, and reply classes by wire type."""

    def __init__(self, definitions: Sequence[SagaDefinition]) -> None:
        self._by_version: dict[tuple[str, int], SagaDefinition] = {}
        self._replies: dict[str, type[Reply]] = {ParentTurnedBack.wire_type: ParentTurnedBack}
        for saga in definitions:
            self._add(saga)
        for saga in definitions:
            self._check_sub_sagas(saga)

    @property
    def types(self) -> list[str]:
        """Parallel to `versions`."""
        return [saga_type for saga_type, _ in self._by_version]

    @property
    def versions(self) -> list[int]:
        return [version for _, version in self._by_version]

    def of(self, saga_type: str, version: int) -> SagaDefinition:
        """Raises UnknownSagaError for a version that this process has not loaded."""
        try:
            return self._by_version[saga_type, version]
        except KeyError:
            raise UnknownSagaError(
                f"version {version} of the saga {saga_type} is not loaded here: keep it in the "
                "orchestrator's `definitions` until no instance is on it any more"
            ) from None

    def check_type(self, saga_type: str) -> None:
        """Raises UnknownSagaError for a type of which no version is loaded."""
        if saga_type not in self.types:
            raise UnknownSagaError(f"the saga {saga_type} is not loaded here")

    def reply_class(self, wire_type: str) -> type[Reply] | None:
        """The class that some step takes note of, or None."""
        return self._replies.get(wire_type)

    def _add(self, saga: SagaDefinition) -> None:
        key = (saga.saga_type, saga.version)
        if key in self._by_version:
            raise SagaDefinitionError(
                f"{saga.__name__} and {self._by_version[key].__name__} are both version "
                f"{saga.version} of {saga.saga_type}: give the newer one a higher version"
            )
        self._by_version[key] = saga
        for step in saga.single_steps():
            if isinstance(step, CommandStep | SubSagaStep):
                for reply in (*step.replies, *step.refusals):
                    self._add_reply(reply)

    def _check_sub_sagas(self, saga: SagaDefinition) -> None:
        for step in saga.single_steps():
            if isinstance(step, SubSagaStep) and self._by_version.get(step.key) is not step.saga:
                raise SagaDefinitionError(
                    f"'{step.name}' of {saga.__name__} starts {step.saga.__name__}, which is not "
                    "loaded: add it to the orchestrator's `definitions` as well"
                )

    def _add_reply(self, reply: type[Reply]) -> None:
        if self._replies.setdefault(reply.wire_type, reply) is not reply:
            raise SagaDefinitionError(
                f"two classes declare the reply {reply.wire_type}: use one of them in all sagas"
            )
