"""What an instance keeps of the spans of its steps, and what ends them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import orjson

from chassis.sagas.effects import Transition
from chassis.sagas.state import Branch, BranchState, EntryKind, LogEntry, SagaState
from chassis.telemetry import conventions as c

_OUTCOMES: Final = {
    EntryKind.REPLY: c.StepOutcome.SUCCESS,
    EntryKind.REFUSAL: c.StepOutcome.REFUSED,
    EntryKind.TIMEOUT: c.StepOutcome.TIMED_OUT,
    EntryKind.DEADLINE: c.StepOutcome.DEADLINE_PASSED,
    EntryKind.INTERVENED: c.StepOutcome.INTERVENED,
}
_NO_FAILURES: Final = (EntryKind.REPLY, EntryKind.INTERVENED)
_ERROR_TYPES: Final = {EntryKind.TIMEOUT: "timeout", EntryKind.DEADLINE: "deadline"}


@dataclass(slots=True, kw_only=True)
class StoredTrace:
    """What an instance keeps: the context of its last step, and while that is open its beginning.

    `parent` is the span id of the step's parent; None once the step's span has been recorded. Of a
    group that is under way, `group` has the same of each step.
    """

    carrier: dict[str, str]
    parent: int | None = None
    since: int = 0
    group: dict[str, "StoredTrace"] = field(default_factory=dict)

    @classmethod
    def decode(cls, stored: str) -> Self:
        values = orjson.loads(stored)
        group = {step: StoredTrace(**one) for step, one in values.pop("group", {}).items()}
        return cls(**values, group=group)

    def encode(self) -> str:
        return orjson.dumps(self._stored()).decode()

    def of_step(self, step: str) -> "StoredTrace":
        """That of a step in the group that is under way, or of the only one."""
        return self.group.get(step, self)

    def with_step(self, step: str, begun: "StoredTrace") -> "StoredTrace":
        return replace(self, group={**self.group, step: begun})

    def without(self, steps: Iterable[str]) -> "StoredTrace":
        ended = set(steps)
        return replace(self, group={k: v for k, v in self.group.items() if k not in ended})

    def _stored(self) -> dict[str, Any]:
        stored = {"carrier": self.carrier, "parent": self.parent, "since": self.since}
        group = {step: one._stored() for step, one in self.group.items()}  # noqa: SLF001 - its own
        return stored | ({"group": group} if group else {})


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a wait ended; `error` if that turned the saga back or stopped it."""

    outcome: str
    error: str | None = None


def end_of_step(transition: Transition) -> StepEnd | None:
    """Why the command that was waited for is waited for no more, if so."""
    for entry in transition.entries:
        if entry.kind is EntryKind.DEADLINE and not _turns(transition):
            return None
        if entry.kind is EntryKind.INTERVENED and not _waits_no_more(transition):
            return None
        if entry.kind in _OUTCOMES:
            return _end(transition, entry)
    return None


def ends_in_group(transition: Transition) -> dict[str, StepEnd]:
    """Why steps of the group that was under way are waited for no more."""
    own = {entry.step: entry for entry in transition.entries if entry.kind in _OUTCOMES}
    after = {branch.step: branch for branch in transition.after.branches or ()}
    ends = {}
    for branch in transition.before.branches or ():
        if branch.step in own:
            ends[branch.step] = _end(transition, own[branch.step])
        elif _is_closed(branch, after.get(branch.step)):
            ends[branch.step] = StepEnd(c.StepOutcome.GIVEN_UP)
    return ends


def _end(transition: Transition, entry: LogEntry) -> StepEnd:
    failed = entry.kind not in _NO_FAILURES and _turns(transition)
    error = _ERROR_TYPES.get(entry.kind) or entry.detail or entry.kind
    return StepEnd(_OUTCOMES[entry.kind], error if failed else None)


def _is_closed(before: Branch, after: Branch | None) -> bool:
    if before.state is BranchState.DONE:
        return False
    return after is None or after.command_id != before.command_id or after.state != before.state


def _waits_no_more(transition: Transition) -> bool:
    return transition.after.command_id != transition.before.command_id


def _turns(transition: Transition) -> bool:
    """Whether the saga goes back from here, or stops."""
    before, after = transition.before, transition.after
    return before.direction is not after.direction or after.state is SagaState.NEEDS_ATTENTION
