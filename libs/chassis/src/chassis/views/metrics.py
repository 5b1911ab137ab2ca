"""What views tell about themselves."""

from collections.abc import Iterable
from typing import Final

from chassis.consumers.dead_letters import DeadReason
from chassis.consumers.metrics import dead_letter_counters
from chassis.metrics import catalogue
from chassis.views.survey import Standing
from chassis.views.view import View

_APPLIED: Final = catalogue.VIEW_APPLIED.counter()
_LAG: Final = catalogue.VIEW_LAG.gauge()
_LAG_SECONDS: Final = catalogue.VIEW_LAG_SECONDS.gauge()
_PROGRESS: Final = catalogue.VIEW_PROGRESS.gauge()
_IDLE: Final = catalogue.VIEW_IDLE.gauge()
_WAITS: Final = catalogue.VIEW_WAITS.gauge()
_INCOMPLETE: Final = catalogue.VIEW_INCOMPLETE.gauge()
_GAUGES: Final = (_LAG, _LAG_SECONDS, _PROGRESS, _IDLE, _WAITS, _INCOMPLETE)
_STATES: Final = ("live", "building")


class ViewMetrics:
    """The metrics of one view; counters are shown from the beginning."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._applied = {state: _APPLIED.labels(view.name, state) for state in _STATES}
        self._shown: set[str] = set()
        self._dead = dead_letter_counters(view.name)

    def applied(self, events: int, *, live: bool) -> None:
        """Events were taken in, and it is committed."""
        self._applied["live" if live else "building"].inc(events)

    def buried(self, reason: DeadReason) -> None:
        self._dead[reason].inc()

    def surveyed(self, standings: Iterable[Standing]) -> None:
        """Show how far the generations are; a state that none is in shows nothing."""
        version = str(self._view.version)
        for state in self._shown:
            for gauge in _GAUGES:
                gauge.remove(self._view.name, version, state)
        self._shown.clear()
        for one in standings:
            self._shown.add(one.state)
            labels = (self._view.name, version, one.state)
            _LAG.labels(*labels).set(one.lag)
            _LAG_SECONDS.labels(*labels).set(one.lag_seconds)
            _PROGRESS.labels(*labels).set(one.events / max(one.events + one.lag, 1))
            _IDLE.labels(*labels).set(one.idle_seconds)
            _WAITS.labels(*labels).set(one.waits)
            _INCOMPLETE.labels(*labels).set(one.incomplete)
