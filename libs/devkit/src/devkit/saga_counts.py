"""What the processes have counted of their sagas, whichever service orchestrates them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from devkit.exposed import read_samples
from devkit.platform import Addresses

_STARTED = "saga_started_total"
_FINISHED = "saga_finished_total"
_PARKED = "needs_attention"


@dataclass(frozen=True, kw_only=True, slots=True)
class SagaCounts:
    """By the type of the saga, since each process started; `ended` also by how it ended."""

    started: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def in_flight(self) -> int:
        """How many have not ended; those that wait for a person among them."""
        ended = sum(sum(outcomes.values()) for outcomes in self.ended.values())
        return sum(self.started.values()) - ended


async def read_saga_counts(addresses: Addresses) -> SagaCounts:
    """Sums over the metrics of all services."""
    samples = await read_samples(addresses.http.values())
    started: Counter[str] = Counter()
    ended: dict[str, Counter[str]] = {}
    for sample in samples:
        if sample.name == _STARTED:
            started[sample.labels["saga_type"]] += int(sample.value)
        elif sample.name == _FINISHED and sample.labels["outcome"] != _PARKED:
            outcomes = ended.setdefault(sample.labels["saga_type"], Counter())
            outcomes[sample.labels["outcome"]] += int(sample.value)
    return SagaCounts(started=started, ended=ended)
