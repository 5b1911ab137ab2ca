"""What a check has gone through."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.testing.crashes.run import Run
from chassis.testing.twins.faults import FaultKind


class CrashFoundError(AssertionError):
    """The invariant breaks under some faults; the message is the story of the shortest such run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many runs each fault had, over how many transactions, publications and deliveries.

    A run with several faults counts for each of them.
    """

    transactions: int
    publications: int
    deliveries: int
    runs: int
    runs_by_fault: Counter[FaultKind]

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.runs_by_fault.items()))
        return (
            f"{self.transactions} transactions, {self.publications} messages, "
            f"{self.deliveries} deliveries; {self.runs} runs: {faults}"
        )

    @classmethod
    def of(cls, without_faults: Run, runs: Sequence[Run]) -> "Report":
        return cls(
            transactions=len(without_faults.transactions),
            publications=len(without_faults.publications),
            deliveries=len(without_faults.deliveries),
            runs=len(runs),
            runs_by_fault=Counter(kind for run in runs for kind in {f.kind for f in run.faults}),
        )


def shortest(failed: Sequence[Run]) -> Run:
    return min(failed, key=lambda run: (len(run.faults), len(run.timeline.moments)))
