"""What the calls of services are counted by."""

from typing import Final

from api_gateway.calls.breaker import CircuitState
from api_gateway.calls.failures import Reason
from chassis.metrics import catalogue

ANSWERED: Final = "answered"
REFUSED: Final = "refused"

_DURATION: Final = catalogue.UPSTREAM_DURATION.histogram()
_RETRIES: Final = catalogue.UPSTREAM_RETRIES.counter()
_CIRCUIT: Final = catalogue.CIRCUIT_OPEN.gauge()


class CallMetrics:
    """Of one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._retries = _RETRIES.labels(service)
        self._circuit = _CIRCUIT.labels(service)
        for outcome in (ANSWERED, REFUSED, *Reason):
            if outcome is not Reason.NOT_YET:
                _DURATION.expect(service, outcome)

    def ended(self, outcome: str, seconds: float) -> None:
        _DURATION.observe((seconds,), self._service, outcome)

    def repeated(self) -> None:
        self._retries.inc()

    def circuit(self, state: CircuitState) -> None:
        self._circuit.set(0 if state is CircuitState.CLOSED else 1)
