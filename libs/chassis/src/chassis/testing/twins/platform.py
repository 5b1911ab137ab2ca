"""A platform of twins: services, their databases, the broker between them, and time.

    with platform_of(order_service, customer_service) as platform:
        platform.request("order-service", place_order)
        platform.run()
        platform.advance(minutes(10))

Everything runs in one thread, in an order that is always the same, and no time passes but what
something is waited for. Faults strike where they are told to.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Kind
from chassis.testing.twins.broker import Delivery
from chassis.testing.twins.clock import Clock, virtual_time
from chassis.testing.twins.faults import Fault, Faults
from chassis.testing.twins.mail import Mail
from chassis.testing.twins.observer import short
from chassis.testing.twins.processes import Processes
from chassis.testing.twins.running import TwinLoop
from chassis.testing.twins.service import RunningService, ServiceTwin
from chassis.testing.twins.statements.rows import DEFERRED
from chassis.testing.twins.timeline import Timeline

Do = Callable[[AsyncSession, RunningService], Awaitable[Any]]
Check = Callable[["Platform"], object]
Action = Callable[[], object]


class NotAtRestError(AssertionError):
    """A run does not come to an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run is taken to never come to rest, and what is as large as one likes in production.

    `event_delay` is how late a delayed event comes; `batch` how many messages that have arrived a
    consumer takes into one transaction at the most.
    """

    actions: int = 5000
    time: timedelta = timedelta(days=2)
    event_delay: timedelta = timedelta(hours=1)
    batch: int = 1


@dataclass(slots=True, eq=False)
class Request:
    """What a client asks of a service; `result` is its answer, or `error` what it was refused with.

    A client that gets no answer, because the process died before the commit, asks again. What is
    raised and is not among `refusals` ends the run.
    """

    service: str
    do: Do
    told: str
    when: Callable[["Platform"], bool] | None
    at: datetime
    refusals: tuple[type[Exception], ...]
    result: Any = None
    error: Exception | None = None


class Platform:
    """Services at work among each other; see `platform_of`."""

    def __init__(
        self,
        services: Iterable[ServiceTwin],
        clock: Clock,
        loop: TwinLoop,
        *,
        limits: Limits | None = None,
    ) -> None:
        twins = list(services)
        replies = [
            consumer.channel
            for twin in twins
            for consumer in twin.topology.consumers
            if consumer.channel.kind is Kind.REPLIES
        ]
        self.services = {twin.name: RunningService(twin, replies) for twin in twins}
        self._clock, self._limits = clock, limits or Limits()
        self._processes = Processes(clock, loop)
        self._mail = Mail(
            self.services.values(), self._processes, clock, event_delay=self._limits.event_delay
        )
        self._requests: list[Request] = []
        self._actions = 0
        self.begin()

    @property
    def now(self) -> datetime:
        return self._clock.now

    @property
    def timeline(self) -> Timeline:
        return self._processes.timeline

    @property
    def transactions(self) -> list[str]:
        """Those that have changed something, in their order."""
        return self._processes.transactions

    @property
    def publications(self) -> list[str]:
        """What relays have published, in its order."""
        return self._mail.publications

    @property
    def deliveries(self) -> list[str]:
        """What has been on its way to a consumer, in the order of its publication."""
        return self._mail.deliveries

    def __getitem__(self, service: str) -> RunningService:
        return self.services[service]

    def begin(self, faults: Iterable[Fault] = (), after_each_commit: Check | None = None) -> None:
        """From here on faults strike, and what is checked after each commit is checked."""
        struck = Faults(faults)
        check = None if after_each_commit is None else (lambda: after_each_commit(self))
        self._mail.faults = struck
        for service in self.services.values():
            self._processes.watch(service, struck, check)

    def given(self, service: str, do: Do) -> Any:
        """Run `async (session, service) -> result` in a transaction that nothing strikes."""
        return self._processes.unwatched(self.services[service], do)

    def request(
        self,
        service: str,
        do: Do,
        *,
        told: str = "is asked for something",
        when: Callable[["Platform"], bool] | None = None,
        after: timedelta = timedelta(),
        refusals: tuple[type[Exception], ...] = (),
    ) -> Request:
        """Have a client ask a service for something, once a time has passed and `when` holds.

        `do` is `async (session, service) -> result` and runs in one transaction; `refusals` are
        exceptions that the client takes for an answer.
        """
        request = Request(service, do, told, when, self.now + after, refusals)
        self._requests.append(request)
        return request

    def take_away(self, service: str) -> None:
        """Stop all processes of a service but its relay; its messages wait in the broker."""
        self._set_away(service, is_away=True)

    def bring_back(self, service: str) -> None:
        """Start the processes of a service again."""
        self._set_away(service, is_away=False)

    def hold_back(self, message: str, by: timedelta) -> None:
        """Let the next message of this name, such as `CreditReserved`, come so much later."""
        self._mail.hold_back(message, by)

    def run(self) -> None:
        """Run until nothing moves any more, letting pass what time is waited for.

        Raises NotAtRestError when there is no end to it.
        """
        end = self.now + self._limits.time
        while self._act() or self._wait(end) or self._mail.release_held_back():
            pass

    def advance(self, by: timedelta) -> None:
        """Let time pass, and all happen that falls due meanwhile."""
        end = self.now + by
        while self._act() or self._wait(end, beyond=False):
            pass
        self._clock.move_to(end)

    @property
    def in_flight(self) -> list[str]:
        """What is still on its way between services or waits in their databases."""
        waiting = [
            f"{one.wire_type} waits in {name}: {one.reason} {one.error or ''}".rstrip()
            for name, service in self.services.items()
            for one in service.database.store.rows(DEFERRED)
        ]
        return [*self._mail.in_flight, *waiting]

    def _act(self) -> bool:
        """Do one thing that can be done now; says whether there was any."""
        action = self._next_action()
        if action is None:
            return False
        self._actions += 1
        if self._actions > self._limits.actions:
            raise NotAtRestError(f"it does not come to rest within {self._limits.actions} actions")
        action()
        return True

    def _next_action(self) -> Action | None:
        for request in self._requests:
            if request.at <= self.now and (request.when is None or request.when(self)):
                return lambda: self._ask(request)
        relayed = self._mail.next_relay()
        if relayed is not None:
            return lambda: self._mail.relay(relayed)
        ready = self._mail.ready()
        if ready and not ready[0].last:
            return lambda: self._deliver(ready[0])
        return self._due_timer() or ((lambda: self._deliver(ready[0])) if ready else None)

    def _due_timer(self) -> Action | None:
        for service in self._present():
            if _past(service.next_saga_due, self.now):
                fired = service.fire_sagas
                return lambda: self._processes.do(service, "saga timers", fired(), quiet=True)
            for timer in service.timers:
                if _past(timer.next_due(), self.now):
                    return lambda: self._processes.do(service, "something is due", timer.fire())
            for reader in service.readers:
                if _past(reader.next_attempt(), self.now):
                    told = "tries again what waits"
                    return lambda: self._processes.do(service, told, reader.try_waiting())
        return None

    def _wait(self, end: datetime, *, beyond: bool = True) -> bool:
        """Go on to the next time that something waits for; says whether there is one."""
        times = [at for at in self._times() if at is not None and at > self.now]
        if not times:
            return False
        if min(times) <= end:
            self._clock.move_to(min(times))
            return True
        if beyond:
            raise NotAtRestError(f"it has not come to rest after {end - self.timeline.began}")
        return False

    def _times(self) -> Iterator[datetime | None]:
        yield from self._mail.times()
        yield from (request.at for request in self._requests)
        for service in self._present():
            yield service.next_saga_due
            yield from (timer.next_due() for timer in service.timers)
            yield from (reader.next_attempt() for reader in service.readers)

    def _ask(self, request: Request) -> None:
        service = self.services[request.service]

        async def ask() -> None:
            try:
                request.result = await service.transaction(lambda s: request.do(s, service))
            except request.refusals as error:
                request.error = error
                self._processes.tell(f"answers {type(error).__name__}: {error}")

        commits = len(self.transactions)
        self._processes.do(service, request.told, ask())
        if not self._processes.was_killed_before_commit(since=commits):
            self._requests.remove(request)

    def _deliver(self, delivery: Delivery) -> None:
        reader, batch = delivery.reader, self._mail.batch(delivery, self._limits.batch)
        told = ", ".join(f"{short(one.told)}{' again' if one.is_copy else ''}" for one in batch)
        handling = reader.runner.run([one.message for one in batch])
        if not self._processes.do(reader.service, f"takes {told}", handling):
            for one in batch:
                self._mail.acknowledge(one)

    def _set_away(self, service: str, *, is_away: bool) -> None:
        running = self.services[service]
        running.is_away = is_away
        self._processes.tell_fault(running, "goes away" if is_away else "comes back")

    def _present(self) -> list[RunningService]:
        return [service for service in self.services.values() if not service.is_away]


def _past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


@contextmanager
def platform_of(*services: ServiceTwin, limits: Limits | None = None) -> Iterator[Platform]:
    """A platform of twins, on which all clocks of the process stand still until they are moved.

    Call it where no event loop runs, such as in a test function that is not async.
    """
    loop = TwinLoop()
    try:
        with virtual_time() as clock:
            yield Platform(services, clock, loop, limits=limits)
    finally:
        loop.close()
