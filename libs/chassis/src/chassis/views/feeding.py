"""What feeding a generation takes, given from the keeper to whoever reads and applies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nats.aio.client import Client

from chassis.consumers.dead_letters import DeadReason
from chassis.messaging.topology import Channel
from chassis.persistence.database import Database
from chassis.views.generations import Generation
from chassis.views.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """`on_applied` is called with the number of events after each commit, 0 at the stream's end;
    `on_buried` for each event that was given up.
    """

    database: Database
    client: Client
    view: View
    generation: Generation
    channels: Sequence[Channel]
    on_applied: Callable[[int], None]
    on_buried: Callable[[DeadReason], None]
