"""The JSON that is stored of an instance beside its plain columns."""

from datetime import datetime
from uuid import UUID

import orjson

from chassis.sagas.state import Branch, BranchState, Parent


def encode_branches(branches: tuple[Branch, ...] | None) -> str | None:
    return None if branches is None else orjson.dumps(branches).decode()


def decode_branches(stored: str | None) -> tuple[Branch, ...] | None:
    return None if stored is None else tuple(_branch(**one) for one in orjson.loads(stored))


def encode_parent(parent: Parent | None) -> str | None:
    return None if parent is None else orjson.dumps(parent).decode()


def decode_parent(stored: str | None) -> Parent | None:
    if stored is None:
        return None
    parent = orjson.loads(stored)
    return Parent(
        saga_type=parent["saga_type"], saga_id=UUID(parent["saga_id"]), step=parent["step"]
    )


def _branch(
    *,
    step: str,
    state: str,
    attempt: int,
    command_id: str | None,
    due_at: str | None,
    error: str | None = None,
) -> Branch:
    return Branch(
        step=step,
        state=BranchState(state),
        attempt=attempt,
        command_id=UUID(command_id) if command_id else None,
        due_at=datetime.fromisoformat(due_at) if due_at else None,
        error=error,
    )
