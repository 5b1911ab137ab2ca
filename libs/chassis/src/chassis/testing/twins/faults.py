"""What may go wrong in a run of twins, each where it can go wrong in production."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """The first two strike a transaction, the next two a publication, the rest a delivery."""

    KILL_BEFORE_COMMIT = "kill before commit"
    KILL_AFTER_COMMIT = "kill after commit"
    KILL_BEFORE_PUBLICATION = "kill before publication"
    KILL_AFTER_PUBLICATION = "kill after publication"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay past time-out"
    OVERTAKE = "overtake within its key"


KILLS_OF_TRANSACTIONS = (FaultKind.KILL_BEFORE_COMMIT, FaultKind.KILL_AFTER_COMMIT)
KILLS_OF_RELAYS = (FaultKind.KILL_BEFORE_PUBLICATION, FaultKind.KILL_AFTER_PUBLICATION)
FAULTS_OF_DELIVERIES = (FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY)

GUARANTEED = (*KILLS_OF_TRANSACTIONS, *KILLS_OF_RELAYS, *FAULTS_OF_DELIVERIES)
"""What a platform with at-least-once delivery and order by key has to bear."""
BEYOND_GUARANTEES = (FaultKind.OVERTAKE,)
"""What the relay and the consumers exclude; a participant's barrier bears it all the same."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A fault, and which transaction, publication or delivery of the run it strikes (from 0)."""

    kind: FaultKind
    at: int

    def __str__(self) -> str:
        if self.kind in KILLS_OF_TRANSACTIONS:
            return f"{self.kind} of transaction {self.at}"
        what = "message" if self.kind in KILLS_OF_RELAYS else "delivery"
        return f"{self.kind} of {what} {self.at}"


class ProcessKilled(BaseException):  # nothing in the process may catch it
    """The process is gone, with whatever it had not committed."""


class Faults:
    """The faults of one run."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = frozenset(faults)

    def strikes(self, kind: FaultKind, at: int) -> bool:
        return Fault(kind, at) in self._faults
