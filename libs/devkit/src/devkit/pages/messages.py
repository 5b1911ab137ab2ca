"""The part of a service's page that is about messages."""

from collections import defaultdict
from collections.abc import Iterable

from chassis.messaging.catalogue import Catalogue, Spoken
from chassis.messaging.contracts import Kind, Message
from devkit.deployables import Deployable
from devkit.pages.markdown import code, first_sentence, section, table
from devkit.pages.neighbours import Neighbours, of_kind


def sections(service: Deployable, neighbours: Neighbours) -> str:
    """What it says, takes, reacts to and asks, and where that is stored."""
    if not service.messaging:
        return ""
    catalogue = neighbours.catalogues[service.name]
    parts = (
        _events_said(catalogue, neighbours),
        _commands_taken(catalogue, neighbours),
        _events_heard(catalogue, neighbours),
        _commands_sent(catalogue, neighbours),
        _streams(catalogue),
    )
    return "\n\n".join(part for part in parts if part)


def neighbourhood(service: Deployable, neighbours: Neighbours) -> str:
    """A drawing of who sends it what and whom it sends what."""
    if not service.messaging:
        return ""
    edges: dict[tuple[str, str], set[Kind]] = defaultdict(set)
    catalogue = neighbours.catalogues[service.name]
    for one in catalogue.sent:
        for reader in neighbours.readers(one.message.wire_type):
            edges[service.name, reader].add(one.message.kind)
    for one in catalogue.received:
        for sender in neighbours.senders(one.message.wire_type):
            edges[sender, service.name].add(one.message.kind)
    lines = [
        f"    {sender} -->|{', '.join(sorted(kinds))}| {reader}"
        for (sender, reader), kinds in sorted(edges.items())
    ]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"]) if lines else ""


def _events_said(catalogue: Catalogue, neighbours: Neighbours) -> str:
    said = of_kind(catalogue.sent, Kind.EVENTS)
    rows = (
        (
            _link(one.message, catalogue.topology.service),
            first_sentence(vars(one.message).get("__doc__")),
            code(one.message.key_field),
            _names(neighbours.readers(one.message.wire_type)) or "nobody here",
        )
        for one in said
    )
    return section(
        "Events that it publishes",
        _subjects(said),
        table(("event", "what it says", "key", "read by"), rows),
    )


def _commands_taken(catalogue: Catalogue, neighbours: Neighbours) -> str:
    service = catalogue.topology.service
    taken = of_kind(catalogue.received, Kind.COMMANDS)
    rows = (
        (
            _link(one.message, service),
            first_sentence(vars(one.message).get("__doc__")),
            ", ".join(
                _link(answer, service)
                for answer in catalogue.answers.get(one.message.wire_type, ())
            ),
            _names(neighbours.senders(one.message.wire_type)) or "nobody here",
        )
        for one in taken
    )
    return section(
        "Commands that it takes",
        _subjects(taken),
        table(("command", "what it asks for", "answers", "sent by"), rows),
    )


def _events_heard(catalogue: Catalogue, neighbours: Neighbours) -> str:
    rows = (
        (
            _use_link(one.message, neighbours),
            first_sentence(vars(neighbours.original(one.message)).get("__doc__")),
            _owner(one.message, neighbours),
        )
        for one in of_kind(catalogue.received, Kind.EVENTS)
    )
    return section("Events that it reads", table(("event", "what it says", "of"), rows))


def _commands_sent(catalogue: Catalogue, neighbours: Neighbours) -> str:
    sent = of_kind(catalogue.sent, Kind.COMMANDS)
    told_apart = of_kind(catalogue.received, Kind.REPLIES)
    rows = (
        (
            _use_link(one.message, neighbours),
            first_sentence(vars(neighbours.original(one.message)).get("__doc__")),
            _owner(one.message, neighbours),
        )
        for one in sent
    )
    answers = ", ".join(_use_link(one.message, neighbours) for one in told_apart)
    return section(
        "Commands that it sends",
        table(("command", "what it asks for", "to"), rows),
        f"Of the answers it tells apart {answers}; others count by their outcome."
        if answers
        else "",
    )


def _streams(catalogue: Catalogue) -> str:
    owned = (
        (
            code(stream.name),
            code(f"{stream.channel.name}.>"),
            str(stream.channel.partitions),
            _retention(stream.channel.kind, stream.max_age.days),
        )
        for stream in catalogue.topology.streams
    )
    consumed = (
        (code(consumer.channel.stream), _numbered(consumer.durables), _messages(consumer.names))
        for consumer in catalogue.topology.consumers
    )
    read = (
        (code(channel.stream), "none: a view reads it by sequence", "all")
        for channel in catalogue.topology.reads
    )
    return section(
        "Streams and consumers",
        table(("its streams", "subjects", "partitions", "kept"), owned),
        table(("it reads", "by the durables", "messages"), [*consumed, *read]),
    )


def _retention(kind: Kind, days: int) -> str:
    return f"{days} days" if kind is Kind.EVENTS else "until acknowledged"


def _numbered(durables: tuple[str, ...]) -> str:
    return code(durables[0]) if len(durables) == 1 else f"`{durables[0]}` to `{durables[-1]}`"


def _messages(names: Iterable[str]) -> str:
    return ", ".join(names) or "all"


def _subjects(spoken: list[Spoken]) -> str:
    channels = dict.fromkeys(one.channel for one in spoken)
    places = ", ".join(f"`{channel.name}.<name>.<partition>`" for channel in channels)
    return f"On {places}; a key is always in the same partition." if places else ""


def _link(message: type[Message], owner: str) -> str:
    path = f"../../services/{owner}/contracts/released/{message.wire_type}.json"
    return f"[`{message.wire_type.partition('.')[2]}`]({path})"


def _use_link(message: type[Message], neighbours: Neighbours) -> str:
    owner = neighbours.owner(message.wire_type)
    return code(message.wire_type) if owner is None else _link(message, owner)


def _owner(message: type[Message], neighbours: Neighbours) -> str:
    owner = neighbours.owner(message.wire_type)
    return "unknown" if owner is None else f"[{owner}]({owner}.md)"


def _names(services: Iterable[str]) -> str:
    return ", ".join(f"[{name}]({name}.md)" for name in services)
