"""The provider's side: its real use cases, outbox and handlers, verified against every consumer.

    states = States()

    @states.given("an order was approved")
    async def approved() -> None: ...      # brings the service there, by its own use cases

    await provider.verify(states)

An event is the last one that the service published on the way into the state. A command goes
through the service's own consumer, and its answer is what then lies in the outbox.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chassis.messaging import headers as h
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import kind_of
from chassis.service import Service
from chassis.snapshots import is_snapshot_taken
from chassis.snapshots.declaration import snapshots_of
from chassis.snapshots.run import SnapshotRun, events_of
from chassis.testing.delivery import deliver
from devkit.contracts.pacts import Part
from devkit.contracts.relay import verify
from devkit.contracts.results import Result, results_of, write_results
from devkit.contracts.source import Source
from devkit.contracts.wire import WireMessage, outbox_of, take_outbox

Enter = Callable[..., Awaitable[object]]
_FAST: Final = 1_000_000
_LOOK_SECONDS: Final = 0.01
_ECHOED: Final = (h.SAGA_TYPE, h.SAGA_ID, h.SAGA_STEP, h.SAGA_DIRECTION, h.CORRELATION_ID)


class ProviderError(Exception):
    """A provider cannot show what a consumer needs; says what is missing."""


@dataclass(frozen=True, slots=True)
class States:
    """What a provider's test can bring about, by the words that consumers use for it."""

    known: dict[str, Enter] = field(default_factory=dict)

    def given(self, name: str) -> Callable[[Enter], Enter]:
        """A function that brings a state about; its parameters are the state's."""

        def register(enter: Enter) -> Enter:
            self.known[name] = enter
            return enter

        return register

    async def enter(self, name: str, parameters: Mapping[str, Any]) -> None:
        enter = self.known.get(name)
        if enter is None:
            raise ProviderError(
                f"nobody here brings about {name!r}; known are {', '.join(sorted(self.known))}. "
                "Add it to the states of the provider's test, and keep it as long as a deployed "
                "consumer's contract names it"
            )
        wanted = inspect.signature(enter).parameters
        await enter(**{name: value for name, value in parameters.items() if name in wanted})


@dataclass(slots=True)
class Provider:
    """A service as it is composed in production, on a database that `empty` empties."""

    service: Service
    empty: Callable[[], Awaitable[None]]
    source: Source
    results: Path | None = None
    taken: list[WireMessage] = field(default_factory=list)
    """What a state has taken away from the outbox already."""

    async def verify(self, states: States) -> list[Result]:
        """Raises AssertionError with every need that is not met; returns what was verified."""
        name = self.service.topology.service

        async def change_state(state: str, action: str, parameters: Mapping[str, Any]) -> None:
            if action == "teardown":
                self.taken.clear()
                await self.empty()
            elif state:
                await states.enter(state, parameters)

        results: list[Result] = []
        with self.source.contracts(name) as sourced:
            for one in sourced:
                found = await verify(name, self._produce, change_state, one.add)
                results += results_of(found, digest=one.digest)
        if self.results is not None:
            write_results(results, self.results / f"{name}.json")
        broken = [str(result) for result in results if not result.verified]
        assert not broken, "\n".join(broken)
        assert results, f"{name} was verified against nothing: it has no consumer's contract"
        return results

    async def take_snapshots(self) -> None:
        """Let the service publish its snapshots, as `chassis snapshots publish` does."""
        package = self.service.topology.service.replace("-", "_")
        run = SnapshotRun(
            self.service.database,
            snapshots_of(package),
            events_of(self.service.topology),
            rate=_FAST,
            report=lambda _progress: None,
        )
        running = asyncio.create_task(run.publish())
        while not running.done():
            self.taken += await take_outbox(self.service.database)
            await asyncio.sleep(_LOOK_SECONDS)
        await running

    async def _produce(self, asked: Mapping[str, Any]) -> WireMessage:
        if "request" in asked:
            return await self._answer(Part(asked["request"]).example())
        said = [*self.taken, *await outbox_of(self.service.database)]
        events = [one for one in said if _is_news(one)]
        if not events:
            raise ProviderError("the service published no event on the way into this state")
        return events[-1]

    async def _answer(self, command: WireMessage) -> WireMessage:
        await deliver(self.service, command.subject, command.headers, command.body)
        said = await outbox_of(self.service.database)
        caused = [one for one in said if one.headers.get(h.CAUSATION_ID) == command.message_id]
        replies = [one for one in caused if kind_of(one.subject) is Kind.REPLIES]
        if len(replies) != 1:
            raise ProviderError(f"{command.wire_type} was answered {len(replies)} times, not once")
        if wrong := list(_not_echoed(command, replies[0])):
            raise ProviderError(f"the answer to {command.wire_type} belongs elsewhere: {wrong}")
        return replies[0]


def _is_news(message: WireMessage) -> bool:
    return kind_of(message.subject) is Kind.EVENTS and not is_snapshot_taken(message.wire_type)


def _not_echoed(command: WireMessage, reply: WireMessage) -> Iterator[str]:
    for name in _ECHOED:
        if name in command.headers and reply.headers.get(name) != command.headers[name]:
            yield f"{name} is {reply.headers.get(name)!r}, asked was {command.headers[name]!r}"
