"""Released definitions: what instances in flight rely on, kept in a folder of the service.

An instance ends on the version that it was started with, by whichever process has it in hand. So a
released version stays what it is: its steps, their order, kind, commands, conditions and noted
replies, and data that old and new processes both read. What may change in place is how long things
may take: time-outs, retries and the deadline hold from the next wait on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chassis.messaging.compatibility import misfits
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.description import describe_saga

Description = Mapping[str, Any]

_NOTED: Final = ("on_timeout", "on_cancel")
_MAY_CHANGE: Final = frozenset({"timeout", "retry", "deadline"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSaga:
    """A definition that was released, and is not what it was."""

    saga: str
    reasons: tuple[str, ...]
    way_out: str

    def __str__(self) -> str:
        return f"{self.saga} is released and has changed: {'; '.join(self.reasons)}. {self.way_out}"


def changed_sagas(sagas: Iterable[SagaDefinition], folder: Path) -> list[ChangedSaga]:
    """Released definitions that are gone, or that would lead instances in flight astray."""
    current = {_stem(saga): saga for saga in sagas}
    found = (_changed(path, current.get(path.stem)) for path in sorted(folder.glob("*.json")))
    return [one for one in found if one is not None]


def released_sagas(folder: Path) -> dict[str, dict[str, Any]]:
    """The released descriptions, by `<type>.v<version>`."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def described_sagas(sagas: Iterable[SagaDefinition]) -> dict[str, dict[str, Any]]:
    """The definitions of the code in the same way."""
    return {_stem(saga): describe_saga(saga) for saga in sagas}


def release_sagas(sagas: Iterable[SagaDefinition], folder: Path) -> None:
    """Write what the definitions are now; look for changes before."""
    for stem, description in described_sagas(sagas).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stem}.json").write_text(json.dumps(description, indent=2) + "\n")


def _stem(saga: SagaDefinition) -> str:
    return f"{saga.saga_type}.v{saga.version}"


def _changed(path: Path, saga: SagaDefinition | None) -> ChangedSaga | None:
    old = json.loads(path.read_text())
    named = f"{old['type']} version {old['version']}"
    if saga is None:
        return ChangedSaga(
            saga=named,
            reasons=("no process would have it any more",),
            way_out=(
                "Keep it until `chassis sagas versions` shows no instance on it in any "
                f"environment, then delete {path.parent.name}/{path.name} as well"
            ),
        )
    reasons = tuple(_differences(old, describe_saga(saga), saga))
    if not reasons:
        return None
    return ChangedSaga(
        saga=named,
        reasons=reasons,
        way_out=(
            f"Leave version {saga.version} as it was, and declare what is new as version "
            f"{saga.version + 1} beside it (docs/howto/change-a-saga.md)"
        ),
    )


def _differences(old: Description, new: Description, saga: SagaDefinition) -> Iterator[str]:
    yield from _differences_of_steps(old["steps"], new["steps"])
    for name in _NOTED:
        if name in old and old[name] != new[name]:
            yield f"{name} was {old[name]} and is {new[name]}"
    reader = saga.data_type.model_json_schema(mode="validation")
    unread = misfits(writer=old["data"], reader=reader)
    for misfit in unread or misfits(writer=new["data"], reader=old["data"]):
        yield f"its data are not read by old and new processes alike: {misfit}"


def _differences_of_steps(
    old_steps: Iterable[Description], new_steps: Iterable[Description]
) -> Iterator[str]:
    old = {step["name"]: step for step in old_steps}
    new = {step["name"]: step for step in new_steps}
    yield from (f"the step '{name}' is gone" for name in old if name not in new)
    yield from (f"the step '{name}' is new" for name in new if name not in old)
    common = [name for name in old if name in new]
    if common != [name for name in new if name in old]:
        yield f"the steps come in another order: {', '.join(new)}"
    for name in common:
        yield from _differences_of_step(name, old[name], new[name])


def _differences_of_step(name: str, old: Description, new: Description) -> Iterator[str]:
    # what only one of them tells is of another version of the chassis: it had no such choice then
    for key in (key for key in old if key in new and key not in _MAY_CHANGE):
        if key == "steps":
            yield from _differences_of_steps(old[key], new[key])
            continue
        if old[key] != new[key]:
            yield f"the step '{name}': {key} was {old[key]} and is {new[key]}"
