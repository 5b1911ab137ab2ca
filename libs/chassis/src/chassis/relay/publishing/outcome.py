"""What became of the rows that were given to a publisher."""

from dataclasses import dataclass, field
from typing import Self

from chassis.relay.rows import ClaimedRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A row that its stream does not take. `final`: no attempt is going to change that."""

    row: ClaimedRow
    error: str
    final: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """Publishing the rows of one channel; `error_type` is empty, delayed or refused."""

    channel: str
    seconds: float
    error_type: str


@dataclass(kw_only=True, slots=True)
class Outcome:
    """Rows that are in none of the collections were not tried, or not answered: claim them again.

    For each key, the stored rows come before the refused one and the untried ones follow it.
    """

    stored: list[ClaimedRow] = field(default_factory=list)
    duplicates: list[ClaimedRow] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    delayed: dict[str, str] = field(default_factory=dict)
    """The channels whose streams could not take rows, with the reason."""
    stopped_keys: set[str] = field(default_factory=set)
    """The keys that have rows among those tried which are not in their stream."""
    operations: list[Operation] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """How long each shipment took as a whole."""

    @property
    def is_clean(self) -> bool:
        """Every row is in its stream."""
        return not self.refused and not self.delayed

    @property
    def error_type(self) -> str:
        return "delayed" if self.delayed else "refused" if self.refused else ""

    def add(self, other: Self) -> None:
        self.stored += other.stored
        self.duplicates += other.duplicates
        self.refused += other.refused
        self.delayed |= other.delayed
        self.stopped_keys |= other.stopped_keys
        self.operations += other.operations
        self.seconds += other.seconds
