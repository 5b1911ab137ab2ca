"""Carrying out what operators want of sagas: in the service, which has their definitions.

An open row of `operator_actions` is taken by one process, however many there are, and the saga
moves in the transaction that writes down what came of it: both are there or neither is. Actions on
one saga are carried out in their order. What asks for a definition that no process has stays open.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bell import Bell
from chassis.operations.audit import ActionOutcome
from chassis.persistence.database import Database, fetch_all
from chassis.sagas.happened import Intervened, Intervention, InterventionRefusedError
from chassis.sagas.instances import ConcurrentChangeError, UnknownInstanceError
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.telemetry.attempts import attempt

log = structlog.get_logger(__name__)

PREFIX: Final = "sagas."
ACTIONS: Final = {f"{PREFIX}{move.lower()}": move for move in Intervention}
"""The actions that a service carries out, and what they are to a saga."""

STEP_BOUND: Final = frozenset({Intervention.RETRY, Intervention.SKIP, Intervention.COMPLETE})
"""They mean the step that the operator saw: refused where the saga has moved on since."""

_ANY_OPEN: Final = "SELECT EXISTS (SELECT FROM operator_actions WHERE done_at IS NULL)"
_TAKE: Final = """
SELECT a.id, a.by, a.action, a.target, a.reason, a.arguments::text
FROM operator_actions AS a
LEFT JOIN saga_instances AS s ON s.saga_id = CASE WHEN a.action = ANY($1) THEN a.target::uuid END
WHERE a.done_at IS NULL AND a.action = ANY($1) AND a.id > $4
  AND (s.saga_id IS NULL
       OR (s.saga_type, s.definition_version) IN (SELECT * FROM unnest($2::text[], $3::int[])))
  AND NOT EXISTS (
      SELECT FROM operator_actions AS earlier
      WHERE earlier.target = a.target AND earlier.id < a.id AND earlier.done_at IS NULL
  )
ORDER BY a.id LIMIT 1
FOR UPDATE OF a SKIP LOCKED
"""
_STANDS_AT: Final = "SELECT step, direction FROM saga_instances WHERE saga_id = $1 FOR UPDATE"
_NOTE: Final = """
UPDATE operator_actions SET done_at = clock_timestamp(), outcome = $2, error = $3
WHERE id = $1 AND done_at IS NULL
"""
_LONGEST_ERROR: Final = 1000
_ROLLED_BACK_BY_DATABASE: Final = "40"
"""Class of the SQL states that say: the same transaction may succeed another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An open action on a saga; `seen` is where it stood when the operator decided."""

    id: int
    saga_id: UUID
    intervened: Intervened
    seen: tuple[str | None, str | None] | None


class SagaInterventions:
    """Carries out open actions on the sagas of one orchestrator; run one in each process.

    `bell` ends a rest: for an action that was entered in this process.
    """

    def __init__(
        self,
        database: Database,
        orchestrator: SagaOrchestrator,
        *,
        idle_poll: timedelta = timedelta(seconds=5),
        look_again: timedelta = timedelta(seconds=1),
    ) -> None:
        self.bell = Bell()
        self._database = database
        self._orchestrator = orchestrator
        self._idle_seconds = idle_poll.total_seconds()
        self._look_again_seconds = look_again.total_seconds()

    async def run(self) -> None:
        """Run until cancelled; a transaction in hand is rolled back, and its action stays open."""
        while True:
            try:
                anything = await self._work_off()
            except Exception as error:  # noqa: BLE001 - whatever the database does, the next look comes
                log.warning("operators' actions are not reachable", error=str(error)[:300])
                anything = True
            await self.bell.wait(self._look_again_seconds if anything else self._idle_seconds)
            self.bell.silence()

    async def _work_off(self) -> bool:
        """Carry out what is open, and say whether something is open still."""
        last = 0
        while await self._any_open():
            tried = await self._carry_out_next(last)
            if tried is None:
                return True
            last = tried
        return False

    async def _any_open(self) -> bool:
        async with self._database.sessions() as session:
            # one statement and no transaction around it: this is what an idle service costs
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            return bool((await fetch_all(session, _ANY_OPEN))[0][0])

    async def _carry_out_next(self, last: int) -> int | None:
        """Carry out the first action after `last` that nobody has in hand; returns its number."""
        action: Action | None = None
        try:
            with attempt():
                async with self._database.sessions.begin() as session:
                    action = await self._take(session, last)
                    if action is None:
                        return None
                    await self._carry_out(session, action)
        except Exception as error:
            if action is None or _passes(error):
                raise
            await self._give_up(action, error)
        return action.id

    async def _take(self, session: AsyncSession, last: int) -> Action | None:
        loaded = self._orchestrator.definitions
        rows = await fetch_all(session, _TAKE, list(ACTIONS), loaded.types, loaded.versions, last)
        return _action(rows[0]) if rows else None

    async def _carry_out(self, session: AsyncSession, action: Action) -> None:
        try:
            await self._check_that_it_stands_there(session, action)
            await self._orchestrator.intervene(session, action.saga_id, action.intervened)
        except (InterventionRefusedError, UnknownInstanceError) as refusal:
            await _note(session, action, ActionOutcome.REFUSED, str(refusal))
        else:
            await _note(session, action, ActionOutcome.DONE)

    async def _check_that_it_stands_there(self, session: AsyncSession, action: Action) -> None:
        if action.seen is None or action.intervened.move not in STEP_BOUND:
            return
        rows = await fetch_all(session, _STANDS_AT, action.saga_id)
        if rows and tuple(rows[0]) != action.seen:
            raise InterventionRefusedError(
                f"{action.intervened.move} was meant for {_place(*action.seen)}, and the saga has "
                f"moved on to {_place(*rows[0])} meanwhile: look again, and decide anew"
            )

    async def _give_up(self, action: Action, error: Exception) -> None:
        """What the action started is rolled back; the operator hears why, and may repeat it."""
        log.error("an operator's action failed", action=action.id, exc_info=error)
        async with self._database.sessions.begin() as session:
            told = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
            await _note(session, action, ActionOutcome.FAILED, told)


async def _note(
    session: AsyncSession, action: Action, outcome: ActionOutcome, error: str | None = None
) -> None:
    await fetch_all(session, _NOTE, action.id, outcome.value, error)
    log.info(
        "operator's action",
        action=action.id,
        move=action.intervened.move,
        saga_id=str(action.saga_id),
        by=action.intervened.by,
        outcome=outcome,
        error=error,
    )


def _action(row: Any) -> Action:
    seen = json.loads(row.arguments).get("seen")
    return Action(
        id=row.id,
        saga_id=UUID(row.target),
        intervened=Intervened(ACTIONS[row.action], row.reason, row.by),
        seen=None if seen is None else (seen["step"], seen["direction"]),
    )


def _place(step: str | None, direction: str | None) -> str:
    if step is None:
        return "its end"
    return f"undoing '{step}'" if direction == "compensation" else f"'{step}'"


def _passes(error: Exception) -> bool:
    """Whether it is the surroundings' fault, so that the same action may well succeed later."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state.startswith(_ROLLED_BACK_BY_DATABASE)
    return isinstance(error, (OSError, ConcurrentChangeError))
