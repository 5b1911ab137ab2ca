"""A platform of twins: services, their databases, the broker between them, and time.

    with platform_of(order_service, customer_service) as platform:
        platform.transact("order-service", place_order)
        platform.run()
        platform.advance(minutes(10))

Everything runs in one thread, in an order that is always the same, and no time passes but what
something is waited for. Faults strike where they are told to.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Kind
from chassis.messaging.headers import DEADLINE
from chassis.testing.twins.broker import Broker, Delivery
from chassis.testing.twins.clock import Clock, virtual_time
from chassis.testing.twins.faults import Fault, FaultKind, Faults, ProcessKilled
from chassis.testing.twins.observer import Work, effects, short, type_of
from chassis.testing.twins.running import TwinLoop
from chassis.testing.twins.service import RunningService, ServiceTwin
from chassis.testing.twins.statements import OUTBOX
from chassis.testing.twins.store import Store
from chassis.testing.twins.timeline import Timeline

_RELAY_AWAY = timedelta(minutes=1)
_A_MOMENT = timedelta(seconds=1)

Do = Callable[[AsyncSession, RunningService], Awaitable[Any]]
Check = Callable[["Platform"], object]
Action = Callable[[], object]


class NotAtRestError(AssertionError):
    """A run does not come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run is taken to never come to rest; how late a delayed event comes."""

    actions: int = 5000
    time: timedelta = timedelta(days=2)
    event_delay: timedelta = timedelta(hours=1)


@dataclass(slots=True, eq=False)
class Request:
    """What a client asks of a service, from the moment that `when` holds.

    `do` is `async (session, service) -> result` and runs in one transaction. A client that gets no
    answer because the process died before the commit asks again; one that is refused by an
    exception takes note of it in `error`.
    """

    service: str
    do: Do
    told: str
    when: Callable[["Platform"], bool] | None = None
    at: datetime | None = None
    error: Exception | None = None
    result: Any = None


class Platform:
    """Services at work among each other; see `platform_of`."""

    def __init__(
        self,
        services: Iterable[ServiceTwin],
        clock: Clock,
        loop: TwinLoop,
        *,
        faults: Iterable[Fault] = (),
        limits: Limits | None = None,
        after_each_commit: Check | None = None,
    ) -> None:
        twins = list(services)
        replies = [
            consumer.channel
            for twin in twins
            for consumer in twin.topology.consumers
            if consumer.channel.kind is Kind.REPLIES
        ]
        self.services = {twin.name: RunningService(twin, replies) for twin in twins}
        self.timeline = Timeline(clock.now)
        self.transactions: list[str] = []
        self.publications: list[str] = []
        self.deliveries: list[str] = []
        self._readers = [reader for one in self.services.values() for reader in one.readers]
        self._broker = Broker()
        self._clock, self._loop = clock, loop
        self._faults = Faults(())
        self._planned, self._limits = Faults(faults), limits or Limits()
        self._after_each_commit = after_each_commit
        self._requests: list[Request] = []
        self._relay_away: dict[str, datetime] = {}
        self._published: set[tuple[str, int]] = set()
        self._work: Work | None = None
        self._broken: AssertionError | None = None
        self._actions = 0

    @property
    def now(self) -> datetime:
        return self._clock.now

    def __getitem__(self, service: str) -> RunningService:
        return self.services[service]

    def given(self, service: str, do: Do) -> Any:
        """Run `async (session, service) -> result` in a transaction, before anything goes wrong."""
        running = self.services[service]
        return self._loop.run(running.transaction(lambda session: do(session, running)))

    def begin(self) -> None:
        """From here on commits are watched, counted, and struck by faults."""
        self._faults = self._planned
        for service in self.services.values():
            service.database.store.before_commit = self._before_commit
            service.database.store.after_commit = self._after_commit

    def request(
        self,
        service: str,
        do: Do,
        *,
        told: str = "is asked for something",
        when: Callable[["Platform"], bool] | None = None,
        after: timedelta = timedelta(),
    ) -> Request:
        """Have a client ask a service for something, once `when` holds and `after` a time."""
        request = Request(service, do, told, when, self.now + after)
        self._requests.append(request)
        return request

    def run(self) -> None:
        """Run until nothing moves any more, letting pass what time is waited for."""
        end = self.now + self._limits.time
        while self._act() or self._wait(end):
            pass

    def advance(self, by: timedelta) -> None:
        """Let time pass, and all happen that falls due meanwhile."""
        end = self.now + by
        while self._act() or self._wait(end, rests=False):
            pass
        self._clock.move_to(end)

    @property
    def in_flight(self) -> list[str]:
        """What is still on its way between services or waits in their databases."""
        on_the_way = [f"{one.told} for {one.reader.service.name}" for one in self._broker.pending]
        unsent = [
            f"{type_of(row)} in the outbox of {name}"
            for name, service in self.services.items()
            for row in service.database.store.rows(OUTBOX)
        ]
        waiting = [
            f"{one.wire_type} waits in {name}: {one.reason} {one.error or ''}"
            for name, service in self.services.items()
            for one in service.database.store.rows("deferred_messages")
        ]
        return on_the_way + unsent + waiting

    # what happens next

    def _act(self) -> bool:
        """Do one thing that can be done now; says whether there was any."""
        action = self._next_action()
        if action is None:
            return False
        self._actions += 1
        if self._actions > self._limits.actions:
            raise NotAtRestError(f"it does not come to rest within {self._limits.actions} actions")
        action()
        if self._broken is not None:
            raise self._broken
        return True

    def _next_action(self) -> Action | None:
        for request in self._requests:
            if self._is_due(request):
                return lambda: self._ask(request)
        for service in self.services.values():
            if service.database.store.rows(OUTBOX) and self._has_relay(service):
                return lambda: self._relay(service)
        ready = [one for one in self._broker.heads() if self._is_ready(one)]
        for delivery in ready:
            if not delivery.last:
                return lambda: self._deliver(delivery)
        timer = self._due_timer()
        if timer is not None:
            return timer
        return (lambda: self._deliver(ready[0])) if ready else None

    def _due_timer(self) -> Action | None:
        for service in self.services.values():
            if _past(service.next_saga_due, self.now):
                return lambda: self._do(service, "saga timers", service.fire_sagas())
            for timer in service.timers:
                if _past(timer.next_due(), self.now):
                    return lambda: self._do(service, "something is due", timer.fire())
        for reader in self._readers:
            if _past(reader.next_attempt(), self.now):
                told = "tries again what waits"
                return lambda: self._do(reader.service, told, reader.try_waiting())
        return None

    def _wait(self, end: datetime, *, rests: bool = True) -> bool:
        """Go on to the next time that something waits for; says whether there is one."""
        times = [at for at in self._times() if at > self.now]
        if not times:
            return rests and self._release_held_back()
        if min(times) > end:
            if rests:
                raise NotAtRestError(f"it has not come to rest after {end - self.timeline.began}")
            return False
        self._clock.move_to(min(times))
        return True

    def _times(self) -> Iterator[datetime]:
        found: list[datetime | None] = [one.not_before for one in self._broker.pending]
        found += [request.at for request in self._requests]
        found += [at for name, at in self._relay_away.items() if self._has_rows(name)]
        found += [reader.next_attempt() for reader in self._readers]
        for service in self.services.values():
            found.append(service.next_saga_due)
            found += [timer.next_due() for timer in service.timers]
        return (at for at in found if at is not None)

    def _release_held_back(self) -> bool:
        for delivery in self._broker.pending:
            if delivery.late or delivery.overtaken:
                delivery.late = delivery.overtaken = False
                return True
        return False

    # doing it

    def _ask(self, request: Request) -> None:
        service = self.services[request.service]

        async def ask() -> None:
            try:
                request.result = await service.transaction(lambda s: request.do(s, service))
            except Exception as error:  # noqa: BLE001 - it is the client's answer
                request.error = error
                self._tell(f"answers {type(error).__name__}: {error}")

        commits = len(self.transactions)
        self._do(service, request.told, ask())
        if not self._was_killed_before_commit(commits):
            self._requests.remove(request)

    def _was_killed_before_commit(self, commits: int) -> bool:
        numbers = range(commits, len(self.transactions))
        return any(self._faults.strikes(FaultKind.KILL_BEFORE_COMMIT, one) for one in numbers)

    def _relay(self, service: RunningService) -> None:
        store = service.database.store
        number, row = next(store.items(OUTBOX))
        is_new = (service.name, number) not in self._published
        if is_new:
            self._published.add((service.name, number))
            self.publications.append(f"{service.name}: {type_of(row)}")
        at = len(self.publications) - 1
        if is_new and self._faults.strikes(FaultKind.KILL_BEFORE_PUBLICATION, at):
            self._relay_away[service.name] = self.now + _RELAY_AWAY
            self._tell_fault(service, f"relay killed before it publishes {type_of(row)}")
            return
        for delivery in self._broker.publish(row, self._readers):
            self._strike(delivery)
        if is_new and self._faults.strikes(FaultKind.KILL_AFTER_PUBLICATION, at):
            self._tell_fault(service, f"relay killed after {type_of(row)}, before it is deleted")
            return
        store.remove(OUTBOX, number)
        store.forget_changes()

    def _strike(self, delivery: Delivery) -> None:
        """Let the faults of a delivery take hold of it."""
        self.deliveries.append(f"{delivery.reader.service.name} gets {short(delivery.told)}")
        number, service = delivery.number, delivery.reader.service
        if self._faults.strikes(FaultKind.REORDER, number):
            delivery.last = True
            self._tell_fault(service, f"{short(delivery.told)} is overtaken by all that can be")
        if self._faults.strikes(FaultKind.DELAY, number):
            delivery.not_before = self._past_time_out(delivery)
            self._tell_fault(service, f"{short(delivery.told)} comes after its time-out only")
        if self._faults.strikes(FaultKind.OVERTAKE, number):
            delivery.overtaken = True
            self._tell_fault(service, f"{short(delivery.told)} is overtaken within its key")

    def _past_time_out(self, delivery: Delivery) -> datetime:
        received = delivery.received
        if DEADLINE in received.headers:
            return datetime.fromisoformat(received.headers[DEADLINE]) + _A_MOMENT
        for service in self.services.values():
            for saga in service.sagas:
                if received.saga and saga.saga_id == received.saga.saga_id and saga.due_at:
                    return saga.due_at + _A_MOMENT
        return self.now + self._limits.event_delay

    def _deliver(self, delivery: Delivery) -> None:
        again = " again" if delivery.is_copy else ""
        reader, told = delivery.reader, f"takes {short(delivery.told)}{again}"
        killed = self._do(reader.service, told, reader.runner.run((delivery.message,)))
        if killed:
            return
        self._broker.acknowledge(delivery)
        if not delivery.is_copy and self._faults.strikes(FaultKind.DUPLICATE, delivery.number):
            self._tell_fault(reader.service, f"{short(delivery.told)} is delivered twice more")
            self._broker.pending += [
                Delivery(delivery.number, reader, delivery.message, is_copy=True, late=late)
                for late in (False, True)
            ]

    def _do(self, service: RunningService, told: str, work: Coroutine[Any, Any, Any]) -> bool:
        """Let a process do something; says whether it was killed over it."""
        self._work = Work(service.name, told)
        try:
            self._loop.run(work)
        except ProcessKilled as killed:
            service.database.store.roll_back()
            self._tell_fault(service, f"{told}: {killed}")
            return True
        if not self._work.told:
            self._tell("(nothing new)")
        return False

    # commits

    def _before_commit(self, store: Store) -> None:
        number = len(self.transactions)
        assert self._work is not None, "twins commit when something is done"
        self.transactions.append(f"{store.name} {self._work.what}")
        if self._faults.strikes(FaultKind.KILL_BEFORE_COMMIT, number):
            raise ProcessKilled("killed before the commit")
        self._work.done = list(effects(store.changes))

    def _after_commit(self, _store: Store) -> None:
        assert self._work is not None
        self._tell(", ".join(self._work.done))
        self._check_after_commit()
        if self._faults.strikes(FaultKind.KILL_AFTER_COMMIT, len(self.transactions) - 1):
            raise ProcessKilled("killed after the commit, before anybody heard of it")

    def _check_after_commit(self) -> None:
        if self._after_each_commit is None or self._broken is not None:
            return
        try:
            self._after_each_commit(self)
        except AssertionError as error:
            self._broken = error

    def _tell(self, done: str) -> None:
        assert self._work is not None
        self._work.told = True
        told = f"{self._work.what}: {done}" if done else self._work.what
        self.timeline.add(self.now, self._work.who, told)

    def _tell_fault(self, service: RunningService, told: str) -> None:
        self.timeline.add(self.now, service.name, told, fault=True)

    # who is there

    def _is_due(self, request: Request) -> bool:
        if request.at is not None and request.at > self.now:
            return False
        return request.when is None or request.when(self)

    def _is_ready(self, delivery: Delivery) -> bool:
        held_back = delivery.not_before is not None and delivery.not_before > self.now
        return not held_back and not delivery.late

    def _has_rows(self, service: str) -> bool:
        return bool(self.services[service].database.store.rows(OUTBOX))

    def _has_relay(self, service: RunningService) -> bool:
        return self._relay_away.get(service.name, self.now) <= self.now


def _past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


@contextmanager
def platform_of(*services: ServiceTwin, **options: Any) -> Iterator[Platform]:
    """A platform of twins, on which all clocks of the process stand still until they are moved.

    `options` are those of `Platform`. Call it where no event loop runs, such as in a test function
    that is not async.
    """
    loop = TwinLoop()
    try:
        with virtual_time() as clock:
            yield Platform(services, clock, loop, **options)
    finally:
        loop.close()
