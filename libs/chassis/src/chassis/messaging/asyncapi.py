"""A service's AsyncAPI 3.0 document: channels, operations, messages with headers and schemas.

Made from topology and contracts. FastStream's own generator knows neither what the outbox sends
nor the partitions, since publishing and consuming are the chassis's.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic.json_schema import models_json_schema

from chassis.messaging import headers as h
from chassis.messaging.catalogue import Catalogue, Spoken
from chassis.messaging.contracts import Kind, Message
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Channel

_SCHEMAS: Final = "#/components/schemas/{model}"
_SAGA_HEADERS: Final = (h.SAGA_TYPE, h.SAGA_ID, h.SAGA_STEP, h.SAGA_DIRECTION)
_REQUIRED: Final = (
    *(h.NATS_MESSAGE_ID, h.SPEC_VERSION, h.ID, h.TYPE, h.SOURCE, h.TIME, h.SUBJECT),
    h.CORRELATION_ID,
)
_OF_KIND: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.EVENTS: (),
    Kind.COMMANDS: (*_SAGA_HEADERS, h.REPLY_TO, h.DEADLINE),
    Kind.REPLIES: (*_SAGA_HEADERS, h.OUTCOME),
}
_FORMATS: Final[Mapping[str, dict[str, Any]]] = {
    h.ID: {"format": "uuid"},
    h.SAGA_ID: {"format": "uuid"},
    h.CAUSATION_ID: {"format": "uuid"},
    h.TIME: {"format": "date-time"},
    h.DEADLINE: {"format": "date-time"},
    h.SPEC_VERSION: {"const": "1.0"},
    h.OUTCOME: {"enum": ["success", "refused"]},
    h.SAGA_DIRECTION: {"enum": ["action", "compensation"]},
    h.SUBJECT: {"description": "The key that order is kept for."},
    h.CORRELATION_ID: {"description": "The conversation: a saga's id, or the first message's."},
    h.REPLY_TO: {"description": "The channel of the answer."},
}

_SERVERS: Final[Mapping[str, Any]] = {
    "nats": {
        "host": "{host}",
        "protocol": "nats",
        "description": "NATS with JetStream. A user hears answers in an inbox of its own only.",
        "variables": {"host": {"default": "nats:4222", "description": "Of the environment."}},
        "security": [{"$ref": "#/components/securitySchemes/user"}],
        "x-inbox-prefix": inbox_prefix("{user}"),
    }
}
_SECURITY_SCHEMES: Final[Mapping[str, Any]] = {
    "user": {
        "type": "userPassword",
        "description": "Each service has a user of its own, with the rights that it declares.",
    }
}

Mode = Literal["serialization", "validation"]


def asyncapi(catalogue: Catalogue, *, version: str, description: str) -> dict[str, Any]:
    """The document. What is sent has the schema of what is written, the rest of what is read."""
    spoken = (*catalogue.sent, *catalogue.received)
    modes: dict[type[Message], Mode] = {one.message: "validation" for one in catalogue.received}
    modes |= {one.message: "serialization" for one in catalogue.sent}
    references, schemas = models_json_schema(list(modes.items()), ref_template=_SCHEMAS)
    payloads = {message: references[message, mode] for message, mode in modes.items()}
    channels = dict.fromkeys(
        (
            *catalogue.topology.publishes,
            *(consumer.channel for consumer in catalogue.topology.consumers),
            *catalogue.topology.reads,
        )
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": catalogue.topology.service,
            "version": version,
            "description": description,
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {channel.name: _channel(channel, spoken) for channel in channels},
        "operations": _operations(catalogue),
        "components": {
            "messages": {m.wire_type: _message(m, payload) for m, payload in payloads.items()},
            "schemas": {f"{kind}-headers": _headers(kind) for kind in Kind}
            | schemas.get("$defs", {}),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _channel(channel: Channel, spoken: Iterable[Spoken]) -> dict[str, Any]:
    partitions = [str(number) for number in range(channel.partitions)]
    parameters: dict[str, Any] = {"partition": {"enum": partitions}}
    address = f"{channel.name}.{{partition}}"
    if channel.kind is not Kind.REPLIES:
        parameters = {"name": {"description": "The message's name."}, **parameters}
        address = f"{channel.name}.{{name}}.{{partition}}"
    names = sorted({one.message.wire_type for one in spoken if one.channel == channel})
    return {
        "address": address,
        "description": f"Stored by the JetStream stream {channel.stream}; "
        "a key is always in the same partition (CRC-32 modulo their number).",
        "x-stream": channel.stream,
        "parameters": parameters,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations(catalogue: Catalogue) -> dict[str, Any]:
    sends = {
        f"send-{channel.name}": _operation("send", channel, catalogue.sent)
        for channel in catalogue.topology.publishes
    }
    receives = {
        f"receive-{consumer.channel.name}": _operation(
            "receive", consumer.channel, catalogue.received
        )
        | {"x-durables": list(consumer.durables)}
        for consumer in catalogue.topology.consumers
    }
    reads = {
        f"read-{channel.name}": _operation("receive", channel, catalogue.received)
        | {"x-stream": channel.stream}
        for channel in catalogue.topology.reads
    }
    return sends | receives | reads


def _operation(action: str, channel: Channel, spoken: Iterable[Spoken]) -> dict[str, Any]:
    place = f"#/channels/{channel.name}"
    names = [one.message.wire_type for one in spoken if one.channel == channel]
    return {
        "action": action,
        "channel": {"$ref": place},
        "messages": [{"$ref": f"{place}/messages/{name}"} for name in names],
    }


def _message(message: type[Message], payload: dict[str, Any]) -> dict[str, Any]:
    text = inspect.cleandoc(vars(message).get("__doc__") or "")
    described = {"description": text} if text else {}
    key = {"x-key": message.key_field} if message.key_field else {}
    return {
        "name": message.wire_type,
        "title": message.wire_name,
        **described,
        **key,
        "headers": {"$ref": f"#/components/schemas/{message.kind}-headers"},
        "payload": payload,
    }


def headers_of(kind: Kind) -> dict[str, list[str]]:
    """The names of the headers that every message of a kind has, and those that it may have."""
    return {
        "required": list(_REQUIRED),
        "optional": [h.CAUSATION_ID, *_OF_KIND[kind], h.TRACE_PARENT],
    }


def _headers(kind: Kind) -> dict[str, Any]:
    names = headers_of(kind)
    return {
        "type": "object",
        "required": names["required"],
        "properties": {
            name: {"type": "string", **_FORMATS.get(name, {})}
            for name in (*names["required"], *names["optional"])
        },
    }
