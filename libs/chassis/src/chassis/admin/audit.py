"""`/audit`: what operators have done, and taking back what no service has carried out yet."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.admin.problems import MAY_NOT_BE_THERE
from chassis.admin.served import Transaction
from chassis.admin.tokens import Acting
from chassis.admin.values import ActionTaken, Asked, Because, Number, Text
from chassis.operations.audit import ActionOutcome, AuditFilter, Operator, list_actions
from chassis.operations.interventions import withdraw

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditQuery(Asked):
    """Which actions: all that is given has to fit. `action` is a beginning, such as `sagas.`."""

    target: Text | None = None
    action: Text | None = None
    by: Text | None = None
    outcome: ActionOutcome | None = None
    before: Number | None = None
    limit: Annotated[int, Query(ge=1, le=1000)] = 50


@router.get("")
async def list_(
    connection: Transaction, query: Annotated[AuditQuery, Query()]
) -> list[ActionTaken]:
    """Actions, newest first; `before` is the id that the page before ended with."""
    wanted = AuditFilter(**query.model_dump(exclude={"limit"}))
    return [ActionTaken(**row) for row in await list_actions(connection, wanted, query.limit)]


@router.post("/{number}/withdraw", status_code=204, responses=MAY_NOT_BE_THERE)
async def take_back(
    number: Number, asked: Because, connection: Transaction, operator: Acting
) -> None:
    """Take back an action that is open."""
    await withdraw(connection, number, Operator(by=operator.by, reason=asked.reason))
