"""Twins: a whole platform in memory, for tests of what services do together.

Handlers, sagas, domain, consumers, inbox, barrier, outbox and saga transitions are the real ones.
PostgreSQL, NATS, the relay process and time have twins, which keep to what the real ones guarantee
and let it be chosen what happens.
"""

from chassis.testing.twins.limits import TwinLimitError
from chassis.testing.twins.participant import Participant, hours, participant
from chassis.testing.twins.platform import Limits, NotAtRestError, Platform, Request, platform_of
from chassis.testing.twins.service import Parts, RunningService, ServiceTwin, Timer

__all__ = (
    "Limits",
    "NotAtRestError",
    "Participant",
    "Parts",
    "Platform",
    "Request",
    "RunningService",
    "ServiceTwin",
    "Timer",
    "TwinLimitError",
    "hours",
    "participant",
    "platform_of",
)
