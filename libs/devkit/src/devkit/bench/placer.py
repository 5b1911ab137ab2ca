"""A process that places orders on command, for our own sagas and for a peer's.

It says `ready`; then, for each line of JSON that it reads (`orders`, `at_once`, `interval`,
`offset`), it places the orders and says `done`. It ends with its input.
"""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from devkit.scenario import PlannedOrder

_START_SECONDS = 60.0
_END_SECONDS = 15.0


class PlacerError(RuntimeError):
    """The process did not do as it was told; the message holds its last output."""


class Placer:
    """Speaks with the process; a caller's turn ends with the process's answer."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    async def place(
        self,
        orders: Sequence[PlannedOrder],
        *,
        at_once: int | None = None,
        interval: float | None = None,
        offset: float = 0.0,
    ) -> None:
        """Place orders, `at_once` at a time; or one each `interval` seconds after `offset`."""
        command = {
            "orders": [_plain(order) for order in orders],
            "at_once": at_once,
            "interval": interval,
            "offset": offset,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self.answer("done")

    async def answer(self, expected: str) -> None:
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode().strip()
        if line != expected:
            raise PlacerError(f"said {line!r}, not {expected!r}; see {self._log}:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


@asynccontextmanager
async def running_placer(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Placer]:
    """A placer that is ready; raises PlacerError where it does not get so far."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *argv, env=env, stdin=PIPE, stdout=PIPE, stderr=errors
        )
    try:
        placer = Placer(process, log)
        await asyncio.wait_for(placer.answer("ready"), _START_SECONDS)
        yield placer
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _plain(order: PlannedOrder) -> dict[str, Any]:
    return {
        "order_id": order.key,
        "customer_id": order.customer_id,
        "lines": [(line.product_id, line.quantity, str(line.unit_price)) for line in order.lines],
    }
