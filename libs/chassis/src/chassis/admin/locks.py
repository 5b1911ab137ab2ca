"""`/locks`: semantic locks, and taking one away from a holder that does not release it."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.admin.problems import MAY_NOT_BE_THERE
from chassis.admin.served import Transaction
from chassis.admin.tokens import Acting
from chassis.admin.values import HeldLock, LockReleased, LockTaken, Text
from chassis.operations import lock_actions
from chassis.operations.audit import Operator

router = APIRouter(prefix="/locks", tags=["locks"])


@router.get("")
async def held(
    connection: Transaction,
    name: Text | None = None,
    key: Text | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> list[HeldLock]:
    """Locks with their holder, since when, until when, and how many messages wait."""
    return [HeldLock(**row) for row in await lock_actions.held(connection, name, key, limit)]


@router.post("/release", responses=MAY_NOT_BE_THERE)
async def release(asked: LockReleased, connection: Transaction, operator: Acting) -> LockTaken:
    """Take a lock away from its holder, which is not told; who has waited longest goes on."""
    told = Operator(by=operator.by, reason=asked.reason)
    return LockTaken(**await lock_actions.release(connection, asked.name, asked.key, told))
