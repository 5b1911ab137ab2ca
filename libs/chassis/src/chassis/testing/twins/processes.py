"""Services' processes at work: what they do, which of it commits, and when they are killed."""

from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.testing.twins.clock import Clock
from chassis.testing.twins.faults import FaultKind, Faults, ProcessKilled
from chassis.testing.twins.observer import Work, effects
from chassis.testing.twins.running import TwinLoop
from chassis.testing.twins.service import RunningService
from chassis.testing.twins.store import Store, no_hook
from chassis.testing.twins.timeline import Timeline


class Processes:
    """Runs what services do, one thing after another, and keeps the timeline.

    `transactions` are those that have changed something, in their order; faults strike them by
    their numbers.
    """

    def __init__(self, clock: Clock, loop: TwinLoop) -> None:
        self.timeline = Timeline(clock.now)
        self.transactions: list[str] = []
        self._clock, self._loop = clock, loop
        self._faults = Faults()
        self._check: Callable[[], object] | None = None
        self._work: Work | None = None
        self._broken: AssertionError | None = None

    def watch(
        self, service: RunningService, faults: Faults, check: Callable[[], object] | None
    ) -> None:
        """From here on the service's commits count, may be struck, and are checked afterwards."""
        self._faults, self._check = faults, check
        service.database.store.before_commit = self._before_commit
        service.database.store.after_commit = self._after_commit

    def unwatched(
        self, service: RunningService, do: Callable[[AsyncSession, RunningService], Any]
    ) -> Any:
        """Run `async (session, service) -> result` in a transaction that does not count."""
        store = service.database.store
        hooks = store.before_commit, store.after_commit
        store.before_commit = store.after_commit = no_hook
        try:
            return self._loop.run(service.transaction(lambda session: do(session, service)))
        finally:
            store.before_commit, store.after_commit = hooks

    def do(
        self,
        service: RunningService,
        told: str,
        work: Coroutine[Any, Any, Any],
        *,
        quiet: bool = False,
    ) -> bool:
        """Let a service's process do something; says whether it was killed over it.

        It is told of in any case, or only if something came of it. Raises AssertionError where a
        check after a commit did.
        """
        self._work = Work(service.name, told, quiet)
        try:
            self._loop.run(work)
        except ProcessKilled as killed:
            service.database.store.roll_back()
            self.tell_fault(service, f"{told}: {killed}")
            return True
        finally:
            if self._broken is not None:
                raise self._broken
        if not (self._work.told or quiet):
            self.tell("(nothing new)")
        return False

    def was_killed_before_commit(self, *, since: int) -> bool:
        """Of the transactions from that number on."""
        numbers = range(since, len(self.transactions))
        return any(self._faults.strikes(FaultKind.KILL_BEFORE_COMMIT, one) for one in numbers)

    def tell(self, done: str) -> None:
        """Tell in the timeline what has come of what is being done."""
        assert self._work is not None, "something is being done"
        self._work.told = True
        told = f"{self._work.what}: {done}" if done else self._work.what
        self.timeline.add(self._clock.now, self._work.who, told)

    def tell_fault(self, service: RunningService, told: str) -> None:
        self.timeline.add(self._clock.now, service.name, told, fault=True)

    def _before_commit(self, store: Store) -> None:
        number = len(self.transactions)
        assert self._work is not None, "twins commit when something is done"
        self.transactions.append(f"{store.name} {self._work.what}")
        if self._faults.strikes(FaultKind.KILL_BEFORE_COMMIT, number):
            raise ProcessKilled("killed before the commit")
        self._work.done = list(effects(store.changes))

    def _after_commit(self, _store: Store) -> None:
        assert self._work is not None
        if self._work.done or not self._work.quiet:
            self.tell(", ".join(self._work.done))
        if self._check is not None and self._broken is None:
            try:
                self._check()
            except AssertionError as error:
                self._broken = error  # the process at work would take it for its own failure
        if self._faults.strikes(FaultKind.KILL_AFTER_COMMIT, len(self.transactions) - 1):
            raise ProcessKilled("killed after the commit, before anybody heard of it")
