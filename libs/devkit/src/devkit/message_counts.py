"""What the processes have counted of their messages."""

from dataclasses import dataclass

from devkit.exposed import read_samples, total
from devkit.platform import Addresses


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageCounts:
    """Since each process started."""

    relayed: int
    duplicates_dropped: int
    dead_lettered: int


async def read_message_counts(addresses: Addresses) -> MessageCounts:
    """Sums over the metrics of all services and relays."""
    services = await read_samples(addresses.http.values())
    relays = await read_samples(addresses.relays.values())
    return MessageCounts(
        relayed=total(relays, "outbox_published_messages_total", result="stored"),
        duplicates_dropped=total(services, "inbox_duplicate_messages_total"),
        dead_lettered=total(services, "dead_letter_messages_total"),
    )
