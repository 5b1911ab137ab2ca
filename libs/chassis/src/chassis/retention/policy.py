"""How long rows are kept that no work needs any more, and what is too short to be safe."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Consumer, ServiceTopology, Stream
from chassis.settings import ServiceSettings

_DAY = timedelta(days=1)


class RetentionError(ValueError):
    """Something would be forgotten while it is still needed; the message names the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a service remembers.

    `inbox`: which messages it has handled. It has to exceed the time for which streams keep events,
    since until then one may be delivered again. Commands and replies need it less: a command that
    belongs to a saga's step meets the participant barrier, a reply the saga that has moved on.

    `sagas`: sagas from their end on, with their log, the steps that participants have recorded,
    dead letters that were redriven or archived, and semantic locks that expired unreleased. It has
    to exceed the life of any saga: what a participant has forgotten, it would take for a step that
    never happened.

    `idempotency_keys`: how late a request may be repeated and still be answered as before.
    """

    inbox: timedelta = timedelta(days=14)
    sagas: timedelta = timedelta(days=90)
    idempotency_keys: timedelta = timedelta(days=7)

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        return cls(
            inbox=timedelta(days=settings.inbox_retention_days),
            sagas=timedelta(days=settings.saga_retention_days),
            idempotency_keys=timedelta(days=settings.idempotency_retention_days),
        )

    def check(self, topology: ServiceTopology) -> None:
        """Raise RetentionError for an inbox that forgets before a stream does.

        A stream of another service is taken to keep events as long as streams do by default.
        """
        kept = max(_kept(topology), default=timedelta())
        if self.inbox <= kept:
            raise RetentionError(
                f"INBOX_RETENTION_DAYS is {self.inbox / _DAY:g}, and {topology.service} reads "
                f"events that streams keep for {kept / _DAY:g} days: one that is delivered again "
                "after it was forgotten would be handled twice; set it higher"
            )


def _kept(topology: ServiceTopology) -> Iterable[timedelta]:
    own = {stream.channel: stream.max_age for stream in topology.streams}
    return (_max_age(consumer, own.get(consumer.channel)) for consumer in topology.consumers)


def _max_age(consumer: Consumer, own: timedelta | None) -> timedelta:
    if consumer.channel.kind is not Kind.EVENTS:
        return timedelta()
    return own if own is not None else Stream(channel=consumer.channel).max_age
