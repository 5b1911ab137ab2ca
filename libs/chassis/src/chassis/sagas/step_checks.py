"""What is checked of a single step of a saga; `checks` looks at how they go together."""

import inspect
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, get_type_hints

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.sagas.steps import (
    AwaitedStep,
    CommandStep,
    LocalStep,
    NotifyStep,
    OnTimeout,
    SingleStep,
    StepKind,
    SubSagaStep,
)


def problems_of_step(step: SingleStep) -> Iterator[str]:
    """Everything wrong with a step, each with its name and the way out."""
    yield from _problems_of_kind(step)
    if isinstance(step, LocalStep):
        yield from _problems_of_local_functions(step)
        return
    if not isinstance(step, SubSagaStep):
        yield from _problems_of_command_function(step, step.action)
    if step.compensation is not None:
        yield from _problems_of_command_function(step, step.compensation)
    if isinstance(step, AwaitedStep):
        yield from _problems_of_timing(step)
    if isinstance(step, CommandStep):
        yield from _problems_of_notes(step)
    if isinstance(step, NotifyStep):
        yield from _problems_of_notification(step)
    if isinstance(step, SubSagaStep):
        yield from _problems_of_sub_saga(step)


def _problems_of_kind(step: SingleStep) -> Iterator[str]:
    if step.compensation is not None and step.kind is not StepKind.COMPENSATABLE:
        yield (
            f"the {step.kind} '{step.name}' has a compensation, which would never run: "
            "take it away, or make the step COMPENSATABLE"
        )


def _problems_of_local_functions(step: LocalStep) -> Iterator[str]:
    for function in (step.action, step.compensation):
        if function is not None and not inspect.iscoroutinefunction(function):
            name = getattr(function, "__name__", step.name)
            yield (
                f"'{name}' of the local step '{step.name}' has to be "
                "`async def (data, session) -> None`"
            )


def _problems_of_command_function(step: SingleStep, function: Callable[..., Any]) -> Iterator[str]:
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


def _problems_of_timing(step: AwaitedStep) -> Iterator[str]:
    if step.timeout is not None and step.timeout <= timedelta():
        yield f"the time-out of '{step.name}' has to be longer than nothing"
    retry = step.retry
    if retry.attempts < 1 or retry.first <= timedelta() or retry.factor < 1:
        yield (
            f"the retry of '{step.name}' needs at least one attempt, a first wait longer than "
            "nothing and a factor of at least 1"
        )
    if not 0 <= retry.jitter <= 1:
        yield f"the jitter of '{step.name}' is a share of each wait: give a number from 0 to 1"
    if step.on_timeout is OnTimeout.COMPENSATE and step.kind is not StepKind.COMPENSATABLE:
        yield (
            f"the {step.kind} '{step.name}' cannot COMPENSATE on a time-out, since it may have "
            "happened and is not undone: let it RESEND or ASK, or make it COMPENSATABLE"
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


def _problems_of_notification(step: NotifyStep) -> Iterator[str]:
    if step.kind is StepKind.PIVOT:
        yield (
            f"the notification '{step.name}' is a pivot, and nobody answers whether it happened: "
            "make it RETRIABLE, or a command that is answered"
        )


def _problems_of_sub_saga(step: SubSagaStep) -> Iterator[str]:
    if not hasattr(step.saga, "saga_type"):
        yield f"'{step.name}' starts {_told(step.saga)}, which is no Saga: name its class"
    if step.on_timeout is OnTimeout.RESEND:
        yield (
            f"the sub-saga '{step.name}' cannot RESEND on a time-out, since one is under way: "
            "let it ASK, or COMPENSATE"
        )


def _is_declared(reply: Any, base: type[Reply]) -> bool:
    return inspect.isclass(reply) and issubclass(reply, base) and hasattr(reply, "wire_type")


def _told(value: Any) -> str:
    return str(getattr(value, "__name__", value))
