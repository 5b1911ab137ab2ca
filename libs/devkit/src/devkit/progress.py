"""What a long command is doing, on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the work, as its doer reports on it."""

    _progress: Progress
    _task: TaskID

    def advance(self) -> None:
        self._progress.advance(self._task)

    def show(self, remaining: int) -> None:
        """So many are left."""
        self._progress.update(self._task, remains=f"{remaining} left")


class Stages:
    """Shows one stage at a time while it lasts, and a line for each that is over."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def stage(self, name: str, *, total: int | None = None) -> Iterator[Stage]:
        with self._bar(counted=total is not None) as progress:
            task = progress.add_task(name, total=total, remains="")
            started = time.monotonic()
            yield Stage(progress, task)
        counted = "" if total is None else f" ({total})"
        self._console.print(
            f"[green]✓[/] {name}{counted} [dim]{time.monotonic() - started:.1f} s[/]"
        )

    def _bar(self, *, counted: bool) -> Progress:
        numbers = (BarColumn(), MofNCompleteColumn()) if counted else ()
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            *numbers,
            TextColumn("{task.fields[remains]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
