"""The steps of a parallel group that is under way, and what its instance tells of them together."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chassis.sagas.state import Branch, BranchState, SagaInstance, SagaState

Branches = tuple[Branch, ...]


def of(branches: Branches, step: str) -> Branch:
    """The branch of a step."""
    return next(branch for branch in branches if branch.step == step)


def unanswered(instance: SagaInstance) -> list[Branch]:
    """Those that are waited for, or parked."""
    return [one for one in instance.branches or () if one.state is not BranchState.DONE]


def changed(branches: Branches, step: str, **changes: Any) -> Branches:
    """With one branch changed, or added."""
    if all(branch.step != step for branch in branches):
        return (*branches, Branch(step=step, **changes))
    return tuple(
        replace(branch, **changes) if branch.step == step else branch for branch in branches
    )


def later(branches: Branches, by: timedelta) -> Branches:
    """With all times moved on."""
    return tuple(
        replace(branch, due_at=branch.due_at and branch.due_at + by) for branch in branches
    )


def summary(branches: Branches, live_state: SagaState) -> dict[str, Any]:
    """What the instance's own columns say of all branches.

    It needs attention when nothing moves by itself any more: one that is parked does not keep the
    others from being tried.
    """
    waiting = any(branch.state is BranchState.WAITING for branch in branches)
    parked = any(branch.state is BranchState.PARKED for branch in branches)
    return {
        "branches": branches,
        "attempt": max(branch.attempt for branch in branches),
        "due_at": _earliest(branches),
        "error": "; ".join(branch.error for branch in branches if branch.error) or None,
        "state": SagaState.NEEDS_ATTENTION if parked and not waiting else live_state,
    }


def _earliest(branches: Branches) -> datetime | None:
    return min((one.due_at for one in branches if one.due_at is not None), default=None)
