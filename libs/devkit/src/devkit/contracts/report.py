"""What a run of the contract tests found: a row for every need, and every sentence in the way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table

from devkit.contracts.pacts import COMMAND, Interaction, Pact
from devkit.contracts.results import Result


class RowState(StrEnum):
    """What is known of a need."""

    VERIFIED = "verified"
    BROKEN = "broken"
    UNVERIFIED = "not verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One need of one consumer."""

    consumer: str
    provider: str
    kind: str
    message: str
    answer: str
    description: str
    given: str
    state: RowState
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Of one version of everything; sound when nothing is in the way."""

    version: str
    at: str
    seconds: float
    rows: tuple[Row, ...]
    findings: tuple[str, ...]
    deployed: tuple[str, ...] = ()
    """Needs of deployed versions that were verified as well, by environment."""

    @property
    def sound(self) -> bool:
        return not self.findings and all(row.state is RowState.VERIFIED for row in self.rows)

    @property
    def in_the_way(self) -> tuple[str, ...]:
        """What is broken and what is missing, in sentences."""
        broken = (
            f"{row.consumer} needs {row.description!r} of {row.provider}: {fault}"
            for row in self.rows
            for fault in row.faults
        )
        return (*broken, *self.findings)

    def count(self, state: RowState) -> int:
        return sum(row.state is state for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {"sound": self.sound, **asdict(self)}


def rows_of(pacts: Iterable[Pact], results: Iterable[Result]) -> tuple[Row, ...]:
    """Every need of these pacts, with what its verification found."""
    found = {(one.consumer, one.provider, one.digest, one.description): one for one in results}
    return tuple(
        _row(
            pact,
            interaction,
            found.get((pact.consumer, pact.provider, pact.digest, interaction.description)),
        )
        for pact in pacts
        for interaction in pact.interactions
    )


def show(report: Report, console: Console) -> None:
    """The table for a terminal, and the verdict."""
    table = Table()
    table.add_column("consumer, provider, message", overflow="fold")
    table.add_column("state")
    for (consumer, provider), rows in _pairs(report.rows):
        table.add_row(f"[bold]{consumer}[/] needs of [bold]{provider}[/]", "")
        for row in rows:
            table.add_row(f"  {row.message}", _coloured(row) if not row.answer else "")
            if row.answer:
                table.add_row(f"    → {row.answer}", _coloured(row))
        table.add_section()
    console.print(table)
    for sentence in report.in_the_way:
        console.print("[red]✗[/] ", end="")
        console.print(sentence, markup=False, soft_wrap=True)
    if report.sound:
        console.print(
            f"[green]✓[/] {len(report.rows)} needs of {len(list(_pairs(report.rows)))} pairs are "
            f"met by version {report.version} ({report.seconds:.0f} s)"
        )


def _row(pact: Pact, interaction: Interaction, result: Result | None) -> Row:
    asked = interaction.request
    said = ", ".join(part.wire_type or "?" for part in interaction.answers)
    return Row(
        consumer=pact.consumer,
        provider=pact.provider,
        kind="command" if interaction.kind == COMMAND else "event",
        message=(asked.wire_type or "?") if asked else said,
        answer=said if asked else "",
        description=interaction.description,
        given=", ".join(interaction.states),
        state=_state(result),
        faults=result.faults if result else (),
    )


def _state(result: Result | None) -> RowState:
    if result is None:
        return RowState.UNVERIFIED
    return RowState.VERIFIED if result.verified else RowState.BROKEN


def _coloured(row: Row) -> str:
    colour = "green" if row.state is RowState.VERIFIED else "red"
    return f"[{colour}]{row.state}[/]"


def _pairs(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pairs.setdefault((row.consumer, row.provider), []).append(row)
    yield from sorted(pairs.items())
