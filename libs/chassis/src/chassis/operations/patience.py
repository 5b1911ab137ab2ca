"""Waiting for what a command needs and what starts beside it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console

console = Console(stderr=True, highlight=False)

PAUSE_SECONDS: Final = 1.0

T = TypeVar("T")
Patience = Annotated[
    float,
    typer.Option(min=0, help="How many seconds to wait for what is not there yet."),
]


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    *,
    patience: float,
    passing: tuple[type[Exception], ...],
) -> T:
    """The attempt's result; errors of the kinds in `passing` are tried again.

    Raises the last error once `patience` seconds are over.
    """
    deadline = time.monotonic() + patience
    told = ""
    while True:
        try:
            return await attempt()
        except passing as error:
            if time.monotonic() >= deadline:
                raise
            reason = str(error) or repr(error)
        if reason != told:
            console.print(f"Waiting: {reason}")
            told = reason
        await asyncio.sleep(PAUSE_SECONDS)
