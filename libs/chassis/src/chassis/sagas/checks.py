"""What is checked of a saga when its class is made; every error names the step and the way out."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_type_hints

from pydantic import BaseModel

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.sagas.steps import CommandStep, LocalStep, Step, StepKind

_ORDER = (StepKind.COMPENSATABLE, StepKind.PIVOT, StepKind.RETRIABLE)


class SagaDefinitionError(TypeError):
    """A saga is declared in a way that cannot be carried out."""


def check(
    saga: str,
    *,
    data_type: type[Any],
    version: int,
    steps: Sequence[Step],
    deadline: timedelta | None,
) -> None:
    """Raise SagaDefinitionError with the first thing wrong in a definition."""
    for problem in _problems(data_type, version, steps, deadline):
        raise SagaDefinitionError(f"{saga}: {problem}")


def _problems(
    data_type: type[Any], version: int, steps: Sequence[Step], deadline: timedelta | None
) -> Iterator[str]:
    if not (issubclass(data_type, BaseModel) and data_type.model_config.get("frozen")):
        yield (
            f"its data {data_type.__name__} has to be a frozen pydantic model: "
            "notes return new data"
        )
    if version < 1:
        yield f"version {version} has to be 1 or more"
    if deadline is not None and deadline <= timedelta():
        yield "its deadline has to be longer than nothing"
    if not steps:
        yield "it has no steps: list them in `steps`"
    yield from _problems_of_names(steps)
    yield from _problems_of_order(steps)
    for step in steps:
        yield from _problems_of_kind(step)
        yield from _problems_of_functions(step)
        if isinstance(step, CommandStep):
            yield from _problems_of_timing(step)
            yield from _problems_of_notes(step)


def _problems_of_names(steps: Sequence[Step]) -> Iterator[str]:
    seen: set[str] = set()
    for step in steps:
        if not step.name.isidentifier():
            yield "a step is named after its function: give it a function of its own, not a lambda"
        if step.name in seen:
            yield f"two steps are called '{step.name}': give each a function of its own"
        seen.add(step.name)


def _problems_of_order(steps: Sequence[Step]) -> Iterator[str]:
    pivots = [step.name for step in steps if step.kind is StepKind.PIVOT]
    if len(pivots) > 1:
        yield (
            f"'{pivots[0]}' and '{pivots[1]}' are both pivots: there is one point of no return; "
            "make the first COMPENSATABLE or the second RETRIABLE"
        )
    for step, following in pairwise(steps):
        if _ORDER.index(step.kind) > _ORDER.index(following.kind):
            yield (
                f"'{following.name}' is {following.kind} and comes after the {step.kind} "
                f"'{step.name}', when there is no way back any more: make it RETRIABLE, "
                f"or move it before '{step.name}'"
            )


def _problems_of_kind(step: Step) -> Iterator[str]:
    if step.compensation is not None and step.kind is not StepKind.COMPENSATABLE:
        yield (
            f"the {step.kind} '{step.name}' has a compensation, which would never run: "
            "take it away, or make the step COMPENSATABLE"
        )


def _problems_of_functions(step: Step) -> Iterator[str]:
    for function in (step.action, step.compensation):
        if function is None:
            continue
        if isinstance(step, LocalStep):
            yield from _problems_of_local_function(step, function)
        else:
            yield from _problems_of_command_function(step, function)


def _problems_of_local_function(step: Step, function: Callable[..., Any]) -> Iterator[str]:
    if not inspect.iscoroutinefunction(function):
        yield (
            f"'{function.__name__}' of the local step '{step.name}' has to be "
            "`async def (data, session) -> None`"
        )


def _problems_of_command_function(step: Step, function: Callable[..., Any]) -> Iterator[str]:
    try:
        returned = get_type_hints(function).get("return")
    except NameError as error:
        yield f"the annotations of '{function.__name__}' cannot be read: {error}; import it"
        return
    if not (inspect.isclass(returned) and issubclass(returned, Command)):
        yield (
            f"'{function.__name__}' of the command step '{step.name}' has to return a command: "
            "annotate it as `(data) -> <a Command class>`"
        )
    elif not hasattr(returned, "wire_type") or returned.key_field is None:
        yield f"{returned.__name__} of the step '{step.name}' has to declare its `type` and `key`"


def _problems_of_timing(step: CommandStep) -> Iterator[str]:
    if step.timeout <= timedelta():
        yield f"the time-out of '{step.name}' has to be longer than nothing"
    if step.retry.attempts < 1 or step.retry.first <= timedelta() or step.retry.factor < 1:
        yield (
            f"the retry of '{step.name}' needs at least one attempt, a first wait longer than "
            "nothing and a factor of at least 1"
        )


def _problems_of_notes(step: CommandStep) -> Iterator[str]:
    for reply in step.replies:
        if not _is_declared(reply, Reply) or issubclass(reply, Refusal):
            yield (
                f"'{step.name}' notes {_told(reply)} in `replies`, "
                "which is no declared Reply: declare its `type`, or move a Refusal to `refusals`"
            )
    for refusal in step.refusals:
        if not _is_declared(refusal, Refusal):
            yield (
                f"'{step.name}' notes {_told(refusal)} in `refusals`, "
                "which is no declared Refusal: declare its `type`, or move a Reply to `replies`"
            )


def _is_declared(reply: Any, base: type[Reply]) -> bool:
    return inspect.isclass(reply) and issubclass(reply, base) and hasattr(reply, "wire_type")


def _told(value: Any) -> str:
    return str(getattr(value, "__name__", value))
