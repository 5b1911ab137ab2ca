"""The consumer's side: a need is stated, tried on the real handler, and then kept.

    with orders.says("an approved order", OrderApproved, given=given(…), body={…}) as event:
        await deliver(service, event)
        …what has become of it…

The block runs the handler on the contract's example. Only when it passes is the need recorded.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from pact import Pact as Writer

from chassis.messaging import headers as h
from chassis.messaging.contracts import Command, Event, Message
from chassis.messaging.envelope import Outcome
from devkit.contracts.matching import mismatches
from devkit.contracts.needs import Need, command_headers, message_headers, reply_headers
from devkit.contracts.pacts import Interaction, read_pact
from devkit.contracts.wire import JSON, WireMessage

_ECHOED = (h.SAGA_ID, h.CORRELATION_ID)


class ContractBrokenError(AssertionError):
    """A consumer does not itself do what its contract says."""


@dataclass(frozen=True, slots=True)
class State:
    """What has to be so at the provider, in words that its test knows, with their parameters."""

    name: str
    parameters: Mapping[str, object]


def given(name: str, **parameters: object) -> State:
    return State(name, parameters)


class Recorder(Protocol):
    """Where needs are kept."""

    def record(self, consumer: str, provider: str, interaction: Interaction) -> None:
        """Keep a need, or raise AssertionError where another one is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and the answer to it, as the contract has them."""

    interaction: Interaction

    @property
    def command(self) -> WireMessage:
        """The example of the command."""
        assert self.interaction.request is not None
        return self.interaction.request.example()

    async def answer(self, sent: WireMessage) -> WireMessage:
        """The reply to a command that was really sent.

        Raises ContractBrokenError when that is not as the contract says.
        """
        assert self.interaction.request is not None
        lacks = await mismatches(self.interaction.request, sent)
        if lacks:
            raise ContractBrokenError(
                f"{sent.wire_type} is not sent as the contract "
                f"{self.interaction.description!r} says: {'; '.join(lacks)}"
            )
        reply = self.interaction.answers[0].example()
        echoed = {name: sent.headers[name] for name in _ECHOED}
        own = {h.SUBJECT: sent.headers[h.SAGA_ID], h.CAUSATION_ID: sent.message_id}
        return replace(reply, headers={**reply.headers, **echoed, **own})


@dataclass(frozen=True, slots=True)
class Needs:
    """What one consumer needs of one provider."""

    consumer: str
    provider: str
    recorder: Recorder

    @contextmanager
    def says(
        self, description: str, event: type[Event], *, given: State, body: Mapping[str, Need]
    ) -> Iterator[WireMessage]:
        """The provider says this event when something is given; yields the example of it."""
        _check_fields(event, body)
        assert event.key_field is not None
        key = _example(body[event.key_field])
        headers = message_headers(event, source=self.provider, key=str(key))
        pact = self._pact()
        need = pact.upon_receiving(description, "Async").given(given.name, {**given.parameters})
        need.with_body({**body}, JSON).with_metadata(headers)
        interaction = _written(pact)
        yield interaction.answers[0].example()
        self.recorder.record(self.consumer, self.provider, interaction)

    @contextmanager
    def answers(
        self,
        description: str,
        command: type[Command],
        reply: str,
        *,
        given: State,
        request: Mapping[str, Need],
        body: Mapping[str, Need],
        saga: Mapping[str, str],
        outcome: Outcome = Outcome.SUCCESS,
    ) -> Iterator[Exchange]:
        """The provider answers the command with this type of reply.

        `saga` are the headers that say which step of which saga it is about.
        """
        assert command.key_field is not None
        key = str(_example(request[command.key_field]))
        reply_to = f"{self.consumer.removesuffix('-service').replace('-', '_')}.replies"
        pact = self._pact()
        need = pact.upon_receiving(description, "Sync").given(given.name, {**given.parameters})
        need.with_body({**request}, JSON).with_metadata(
            command_headers(command, source=self.consumer, key=key, saga=saga, reply_to=reply_to)
        )
        need.will_respond_with().with_body({**body}, JSON).with_metadata(
            reply_headers(
                reply, source=self.provider, saga=saga, reply_to=reply_to, outcome=outcome
            )
        )
        interaction = _written(pact)
        yield Exchange(interaction)
        self.recorder.record(self.consumer, self.provider, interaction)

    def _pact(self) -> Writer:
        return Writer(self.consumer, self.provider).with_specification("V4")


def _written(pact: Writer) -> Interaction:
    """The need as a pact file has it."""
    with tempfile.TemporaryDirectory() as folder:
        pact.write_file(folder)
        (path,) = Path(folder).glob("*.json")
        (interaction,) = read_pact(path).interactions
    return interaction


def _example(need: Need) -> Any:
    return getattr(need, "value", need)


def _check_fields(message: type[Message], body: Mapping[str, Need]) -> None:
    unread = sorted(body.keys() - message.model_fields.keys())
    if unread:
        raise ContractBrokenError(
            f"the contract needs {', '.join(unread)} of {message.wire_type}, which "
            f"{message.__module__}.{message.__name__} does not read: leave it out"
        )
