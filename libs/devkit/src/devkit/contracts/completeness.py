"""What is missing: contracts fail closed, so that nothing goes unverified without being noticed.

Each finding is a sentence that says what to do.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from chassis.consumers.handlers import Handler
from chassis.messaging.catalogue import Catalogue
from chassis.messaging.contracts import Kind, Message, Reply
from devkit.contracts.pacts import COMMAND, EVENT, Interaction, Pact, Part
from devkit.contracts.results import Result

_CHASSIS = "chassis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A service as far as contracts go: what it says and reads, and how it handles it."""

    name: str
    catalogue: Catalogue
    handlers: Sequence[Handler] = field(default=())

    @property
    def says(self) -> set[str]:
        """The wire types of events that it publishes and replies that it gives."""
        return {
            one.message.wire_type
            for one in self.catalogue.sent
            if one.message.kind is not Kind.COMMANDS
        }

    @property
    def takes(self) -> set[str]:
        """The wire types of commands that it handles."""
        return {one.message.wire_type for one in self._received(Kind.COMMANDS)}

    @property
    def hears(self) -> list[type[Message]]:
        """The events that it reacts to or shows, as it reads them."""
        return [one.message for one in self._received(Kind.EVENTS)]

    @property
    def asks(self) -> list[type[Message]]:
        """The commands that it sends to others, as it writes them."""
        return [one.message for one in self.catalogue.sent if one.message.kind is Kind.COMMANDS]

    def _received(self, kind: Kind) -> Iterator[Any]:
        return (one for one in self.catalogue.received if one.message.kind is kind)


def missing(
    parties: Sequence[Party], pacts: Sequence[Pact], results: Iterable[Result] | None = None
) -> list[str]:
    """Everything that stands in the way of trusting the contracts.

    Without `results` whether they were verified is not asked.
    """
    by_context = {party.catalogue.topology.context: party for party in parties}
    return [
        *_undeclared(parties),
        *(fault for pact in pacts for fault in unusable(pact, parties)),
        *_unstated_events(parties, by_context, pacts),
        *_unstated_commands(parties, by_context, pacts),
        *(() if results is None else unverified(pacts, results)),
    ]


def unusable(pact: Pact, parties: Sequence[Party]) -> Iterator[str]:
    """Why a pact says nothing, or something that Pact would pass over in silence."""
    of_name = {party.name: party for party in parties}
    pair = f"the contract of {pact.consumer} with {pact.provider}"
    if pact.provider not in of_name:
        yield f"{pair} is with nobody: there is no {pact.provider}; correct its name or remove it"
        return
    if not pact.interactions:
        yield f"{pair} is empty: state a need in {pact.consumer}'s contract tests, or remove it"
    for interaction in pact.interactions:
        for fault in _faults(interaction):
            yield f"{pair}, {interaction.description!r}: {fault}"
        yield from _beside_the_point(pact, interaction, of_name)


def unverified(pacts: Iterable[Pact], results: Iterable[Result]) -> Iterator[str]:
    """Needs that no provider's test has looked at."""
    seen = {(one.consumer, one.provider, one.description) for one in results}
    for pact in pacts:
        for interaction in pact.interactions:
            if (pact.consumer, pact.provider, interaction.description) not in seen:
                yield (
                    f"{pact.provider} was not verified with {interaction.description!r}, which "
                    f"{pact.consumer} needs: add a test with `provider.verify(states)` in "
                    f"services/{pact.provider}/tests/contracts, and let it run"
                )


def replies_of(handler: Handler) -> list[type[Reply]]:
    """The replies that a command's handler declares as what it returns."""
    hints = get_type_hints(handler.function)
    return [one for one in _members(hints.get("return")) if _is_reply(one)]


def _undeclared(parties: Sequence[Party]) -> Iterator[str]:
    for party in parties:
        for handler in party.handlers:
            where = f"{party.name}: the handler {_name(handler.function)}"
            if not getattr(handler.message, "wire_type", None):
                yield (
                    f"{where} handles {handler.message.__name__}, which declares no wire type: "
                    'write `type="<context>.<Name>.v<version>"` in its class line'
                )
            elif handler.message.kind is Kind.COMMANDS and not replies_of(handler):
                yield (
                    f"{where} does not declare what it answers: write the replies as its return "
                    "type, such as `-> CreditReserved | CreditLimitExceeded`"
                )


def _faults(interaction: Interaction) -> Iterator[str]:
    if interaction.pending:
        yield "is pending, so that nothing would come of its failing; remove the mark"
    if not interaction.states:
        yield "names no provider state; say by `given=` what has to be so"
    if interaction.kind == COMMAND and not interaction.answers:
        yield "has no reply; state what is answered"
    for part in (interaction.request, *interaction.answers):
        if part is not None:
            yield from _part_faults(part)


def _part_faults(part: Part) -> Iterator[str]:
    if not part.content and not (part.wire_type or "").startswith(f"{_CHASSIS}."):
        yield "has a message without contents, which anything would satisfy; state its body"
    if part.wire_type is None:
        yield "has a message without the header ce-type; state it"


def _beside_the_point(
    pact: Pact, interaction: Interaction, of_name: dict[str, Party]
) -> Iterator[str]:
    provider = of_name[pact.provider]
    said = [part.wire_type for part in interaction.answers if part.wire_type]
    for wire_type in said:
        if wire_type not in provider.says and not wire_type.startswith(f"{_CHASSIS}."):
            yield (
                f"{pact.consumer} needs {wire_type}, which {pact.provider} does not say: "
                "correct the type, or let the provider declare it"
            )
    if interaction.request and interaction.request.wire_type not in provider.takes:
        yield (
            f"{pact.consumer} sends {interaction.request.wire_type}, which {pact.provider} does "
            "not handle: correct the type, or let the provider handle it"
        )
    consumer = of_name.get(pact.consumer)
    if consumer is None or interaction.kind != EVENT:
        return
    heard = {message.wire_type for message in consumer.hears}
    for wire_type in said:
        if wire_type not in heard:
            yield (
                f"{pact.consumer} has a contract for {wire_type} and does not read it any more: "
                "remove its test, and run `make pacts`"
            )


def _unstated_events(
    parties: Sequence[Party], by_context: dict[str, Party], pacts: Sequence[Pact]
) -> Iterator[str]:
    for party in parties:
        for message in party.hears:
            provider = by_context.get(message.context)
            if provider is None:
                yield (
                    f"{party.name} reads {message.wire_type}, and no service has the context "
                    f"{message.context}: correct the type"
                )
            elif message.wire_type not in _stated(pacts, party, provider, EVENT):
                yield (
                    f"{party.name} reads {message.wire_type} of {provider.name} without a "
                    f"contract: state what it needs in services/{party.name}/tests/contracts"
                )


def _unstated_commands(
    parties: Sequence[Party], by_context: dict[str, Party], pacts: Sequence[Pact]
) -> Iterator[str]:
    for party in parties:
        for command in party.asks:
            provider = by_context.get(command.context)
            if provider is party:  # it keeps no copy of its own messages that could be another
                continue
            if provider is None:
                yield (
                    f"{party.name} sends {command.wire_type}, and no service has the context "
                    f"{command.context}: correct the type, or add the service"
                )
                continue
            for reply in _expected_replies(provider, command.wire_type):
                if (command.wire_type, reply) not in _asked(pacts, party, provider):
                    yield (
                        f"{party.name} sends {command.wire_type} to {provider.name}, which may "
                        f"answer {reply}, without a contract: state what it needs in "
                        f"services/{party.name}/tests/contracts"
                    )


def _expected_replies(provider: Party, wire_type: str) -> list[str]:
    found = [one for one in provider.handlers if getattr(one.message, "wire_type", "") == wire_type]
    if not found:
        return ["nothing, for it has no handler"]
    return [reply.wire_type for handler in found for reply in replies_of(handler)]


def _stated(pacts: Iterable[Pact], consumer: Party, provider: Party, kind: str) -> set[str]:
    return {
        wire_type
        for pact in pacts
        if (pact.consumer, pact.provider) == (consumer.name, provider.name)
        for interaction in pact.interactions
        if interaction.kind == kind
        for wire_type in interaction.wire_types
    }


def _asked(pacts: Iterable[Pact], consumer: Party, provider: Party) -> set[tuple[str, str]]:
    return {
        (interaction.request.wire_type or "", part.wire_type or "")
        for pact in pacts
        if (pact.consumer, pact.provider) == (consumer.name, provider.name)
        for interaction in pact.interactions
        if interaction.request is not None
        for part in interaction.answers
    }


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _is_reply(one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, Reply) and hasattr(one, "wire_type")


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
