"""What happened in a run, as lines that a person reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

_MARK = {True: "!", False: " "}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: when, at whom, what; `fault` where something was made to go wrong."""

    at: datetime
    who: str
    what: str
    fault: bool = False


@dataclass(slots=True)
class Timeline:
    """The moments of a run, in their order."""

    began: datetime
    moments: list[Moment] = field(default_factory=list)

    def add(self, at: datetime, who: str, what: str, *, fault: bool = False) -> None:
        self.moments.append(Moment(at, who, what, fault))

    def lines(self) -> Iterator[str]:
        width = max((len(moment.who) for moment in self.moments), default=0)
        for moment, what in self._told():
            since = since_start(moment.at - self.began)
            yield f"{_MARK[moment.fault]} {since}  {moment.who:<{width}}  {what}"

    def table(self) -> Iterator[str]:
        """The same as the lines of a table in Markdown; what was made to go wrong is in italics."""
        yield "| time | service | what |"
        yield "| --- | --- | --- |"
        for moment, what in self._told():
            told = f"*{what}*" if moment.fault else what
            yield f"| {since_start(moment.at - self.began)} | {moment.who} | {told} |"

    def _told(self) -> Iterator[tuple[Moment, str]]:
        """What happened several times one after another is told once."""
        for moment, same in groupby(self.moments):
            times = sum(1 for _ in same)
            yield moment, moment.what if times == 1 else f"{moment.what} ({times} times)"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def since_start(passed: timedelta) -> str:
    """`0:00:10.000` of ten seconds."""
    hours, seconds = divmod(passed.total_seconds(), 3600)
    return f"{int(hours)}:{int(seconds // 60):02}:{seconds % 60:06.3f}"
