"""What is on its way between services: from the outboxes by the relays to the consumers."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from chassis.messaging.headers import DEADLINE
from chassis.testing.twins.broker import Broker, Delivery
from chassis.testing.twins.clock import Clock
from chassis.testing.twins.faults import FaultKind, Faults
from chassis.testing.twins.observer import short, type_of
from chassis.testing.twins.processes import Processes
from chassis.testing.twins.service import RunningService
from chassis.testing.twins.statements.rows import OUTBOX

_RELAY_AWAY = timedelta(minutes=1)
_A_MOMENT = timedelta(seconds=1)


class Mail:
    """Relays, and deliveries that are not acknowledged.

    `publications` and `deliveries` are all that there were, in their order; faults strike them by
    their numbers.
    """

    def __init__(
        self,
        services: Iterable[RunningService],
        processes: Processes,
        clock: Clock,
        *,
        event_delay: timedelta,
    ) -> None:
        self.publications: list[str] = []
        self.deliveries: list[str] = []
        self.faults = Faults()
        self._services = list(services)
        self._readers = [reader for service in self._services for reader in service.readers]
        self._processes, self._clock, self._event_delay = processes, clock, event_delay
        self._broker = Broker()
        self._relay_away: dict[str, datetime] = {}
        self._published: set[tuple[str, int]] = set()
        self._hold_back: dict[str, timedelta] = {}

    def hold_back(self, name: str, by: timedelta) -> None:
        """Let the next message of this name come so much later, and what follows of its key."""
        self._hold_back[name] = by

    def next_relay(self) -> RunningService | None:
        """A service whose relay is there and has something to publish."""
        for service in self._services:
            away_until = self._relay_away.get(service.name, self._clock.now)
            if away_until <= self._clock.now and service.database.store.rows(OUTBOX):
                return service
        return None

    def relay(self, service: RunningService) -> None:
        """Publish the first row of an outbox, and delete it."""
        store = service.database.store
        number, row = next(store.items(OUTBOX))
        is_new = (service.name, number) not in self._published
        if is_new:
            self._published.add((service.name, number))
            self.publications.append(f"{service.name}: {type_of(row)}")
            if self._strikes(FaultKind.KILL_BEFORE_PUBLICATION):
                self._relay_away[service.name] = self._clock.now + _RELAY_AWAY
                told = f"relay killed before it publishes {type_of(row)}"
                self._processes.tell_fault(service, told)
                return
        for delivery in self._broker.publish(row, self._readers):
            self._strike(delivery)
        if is_new and self._strikes(FaultKind.KILL_AFTER_PUBLICATION):
            told = f"relay killed after {type_of(row)}, before it deletes the row"
            self._processes.tell_fault(service, told)
            return
        store.remove(OUTBOX, number)
        store.forget_changes()

    def ready(self) -> list[Delivery]:
        """What may be delivered now; those that are to be last are last."""
        ready = [one for one in self._broker.heads() if self._is_ready(one)]
        return sorted(ready, key=lambda delivery: delivery.last)

    def batch(self, first: Delivery, size: int) -> list[Delivery]:
        """What its consumer takes with it into one transaction, in order."""
        batch, blocked = [first], set[str]()
        for one in self._broker.pending:
            if one.reader is not first.reader or one is first or len(batch) == size:
                continue
            if self._is_ready(one) and not (one.last or one.overtaken):
                if one.is_copy or one.received.key not in blocked:
                    batch.append(one)
            elif not one.is_copy:
                blocked.add(one.received.key)
        return batch

    def _is_ready(self, delivery: Delivery) -> bool:
        if delivery.late or delivery.reader.service.is_away:
            return False
        return delivery.not_before is None or delivery.not_before <= self._clock.now

    def acknowledge(self, delivery: Delivery) -> None:
        """It is committed, and the broker has heard of it."""
        self._broker.acknowledge(delivery)
        if delivery.is_copy or not self.faults.strikes(FaultKind.DUPLICATE, delivery.number):
            return
        told = f"{short(delivery.told)} is delivered twice more, at once and at the end"
        self._processes.tell_fault(delivery.reader.service, told)
        self._broker.pending += [
            Delivery(delivery.number, delivery.reader, delivery.message, is_copy=True, late=late)
            for late in (False, True)
        ]

    def times(self) -> Iterator[datetime | None]:
        """When something may go on that is held back now."""
        for delivery in self._broker.pending:
            yield delivery.not_before
        for service in self._services:
            if service.database.store.rows(OUTBOX):
                yield self._relay_away.get(service.name)

    def release_held_back(self) -> bool:
        """Let go on what waits for everything else to be at rest; says whether there was any."""
        for delivery in self._broker.pending:
            if delivery.late or delivery.overtaken:
                delivery.late = delivery.overtaken = False
                return True
        return False

    @property
    def in_flight(self) -> Iterator[str]:
        for delivery in self._broker.pending:
            yield f"{delivery.told} for {delivery.reader.service.name}"
        for service in self._services:
            for row in service.database.store.rows(OUTBOX):
                yield f"{type_of(row)} in the outbox of {service.name}"

    def _strikes(self, kind: FaultKind) -> bool:
        return self.faults.strikes(kind, len(self.publications) - 1)

    def _strike(self, delivery: Delivery) -> None:
        """Let faults, and what the test says, take hold of a new delivery."""
        name, number = short(delivery.told), delivery.number
        self.deliveries.append(f"{delivery.reader.service.name} gets {name}")
        if self.faults.strikes(FaultKind.REORDER, number):
            delivery.last = True
            self._tell(delivery, "is overtaken by all that can be")
        if self.faults.strikes(FaultKind.DELAY, number):
            delivery.not_before = self._past_time_out(delivery)
            self._tell(delivery, "comes after its time-out only")
        if self.faults.strikes(FaultKind.OVERTAKE, number):
            delivery.overtaken = True
            self._tell(delivery, "is overtaken within its key")
        if name in self._hold_back:
            delivery.not_before = self._clock.now + self._hold_back.pop(name)
            self._tell(delivery, "is held back")

    def _tell(self, delivery: Delivery, told: str) -> None:
        self._processes.tell_fault(delivery.reader.service, f"{short(delivery.told)} {told}")

    def _past_time_out(self, delivery: Delivery) -> datetime:
        received = delivery.received
        if DEADLINE in received.headers:
            return datetime.fromisoformat(received.headers[DEADLINE]) + _A_MOMENT
        for service in self._services:
            for saga in service.sagas:
                if received.saga and saga.saga_id == received.saga.saga_id and saga.due_at:
                    return saga.due_at + _A_MOMENT
        return self._clock.now + self._event_delay
