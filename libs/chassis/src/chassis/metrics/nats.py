"""What a process tells of its connection to NATS."""

import re
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry

from chassis.metrics import catalogue

# nats-py lowers the server's message, and tells a violation to nobody but the error callback
_VIOLATION: Final = re.compile(
    r'permissions violation for (?P<operation>publish|subscription) to "(?P<subject>[^"]+)"'
)


class Violation(NamedTuple):
    """What the server has forbidden this connection; the subject is in lower case."""

    operation: str
    subject: str


class NatsMetrics:
    """The metrics of one connection."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._connected = catalogue.NATS_CONNECTED.gauge(registry)
        self._reconnects = catalogue.NATS_RECONNECTS.counter(registry)
        self._violations = catalogue.NATS_PERMISSION_VIOLATIONS.counter(registry)
        for operation in ("publish", "subscription"):
            self._violations.labels(operation)

    def connected(self) -> None:
        self._connected.set(1)

    def disconnected(self) -> None:
        self._connected.set(0)

    def reconnected(self) -> None:
        self._connected.set(1)
        self._reconnects.inc()

    def failed(self, error: Exception) -> Violation | None:
        """Count an error that nats-py reports, if it is a violation of permissions."""
        found = _VIOLATION.search(str(error).lower())
        if found is None:
            return None
        self._violations.labels(found["operation"]).inc()
        return Violation(found["operation"], found["subject"])
