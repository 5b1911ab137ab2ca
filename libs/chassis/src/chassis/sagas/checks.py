"""What is checked of a saga when its class is made; every error names the step and the way out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from chassis.sagas.step_checks import problems_of_step
from chassis.sagas.steps import CommandStep, ParallelStep, SingleStep, Step, StepKind

_FEWEST = 2
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
    for step in steps:
        if isinstance(step, ParallelStep):
            yield from _problems_of_group(step)
    yield from _problems_of_names(steps)
    yield from _problems_of_order(steps)
    for single in _singles(steps):
        yield from problems_of_step(single)


def _singles(steps: Sequence[Step]) -> Iterator[SingleStep]:
    for step in steps:
        if isinstance(step, ParallelStep):
            yield from step.steps
        else:
            yield step


def _problems_of_group(group: ParallelStep) -> Iterator[str]:
    if not group.name.isidentifier():
        yield f"the group '{group.name}' needs a name like that of a step: letters, digits and _"
    if len(group.steps) < _FEWEST:
        yield f"the group '{group.name}' needs two steps or more: put a single one into `steps`"
    for step in group.steps:
        yield from _problems_of_member(group, step)


def _problems_of_member(group: ParallelStep, step: CommandStep) -> Iterator[str]:
    if not isinstance(step, CommandStep):
        yield (
            f"'{step.name}' in the group '{group.name}' is no command: only commands are under way "
            f"at the same time; move it before or after '{group.name}'"
        )
    elif step.kind is StepKind.PIVOT:
        yield (
            f"the pivot '{step.name}' is in the group '{group.name}': a pivot stands alone, since "
            f"nothing is undone after it; move it after '{group.name}'"
        )
    elif step.kind is not group.kind:
        yield (
            f"'{group.steps[0].name}' is {group.kind} and '{step.name}' is {step.kind}, both in "
            f"the group '{group.name}': give them one kind, or put them into two groups"
        )


def _problems_of_names(steps: Sequence[Step]) -> Iterator[str]:
    groups = [step.name for step in steps if isinstance(step, ParallelStep)]
    seen: set[str] = set()
    for name in (*(step.name for step in _singles(steps)), *groups):
        if not name.isidentifier():
            yield "a step is named after its function: give it a function of its own, not a lambda"
        if name in seen:
            way_out = "give the group another name" if name in groups else _OWN_FUNCTION
            yield f"two steps are called '{name}': {way_out}"
        seen.add(name)


_OWN_FUNCTION = "give each a function of its own"


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
