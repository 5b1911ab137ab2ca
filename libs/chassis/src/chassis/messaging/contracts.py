"""Message contracts: what a service says on the wire, as pydantic models with declared types.

    class ReserveCredit(Command, type="customer.ReserveCredit.v1", key="customer_id"):
        customer_id: str
        order_id: UUID
        amount: Money

A wire type is `<context>.<Name>.v<version>`; it is declared, never derived from a class path, so
that code can move without changing the wire. The key names the field whose value order is kept for.
Consumers keep their own copies of the messages they read and ignore fields they do not know.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

_WIRE_TYPE = re.compile(r"^(?P<context>[a-z][a-z0-9-]*)\.(?P<name>[A-Z]\w*)\.v(?P<version>\d+)$")


class ContractError(TypeError):
    """A message class is declared in a way that cannot go on the wire."""


@lru_cache(maxsize=1024)
def context_and_name(wire_type: str) -> tuple[str, str]:
    """`customer.ReserveCredit.v1` → `customer`, `ReserveCredit`; raises ContractError."""
    match = _WIRE_TYPE.match(wire_type)
    if match is None:
        raise ContractError(
            f"'{wire_type}' is no wire type; "
            "write '<context>.<Name>.v<version>', such as 'customer.ReserveCredit.v1'"
        )
    return match["context"], match["name"]


class Kind(StrEnum):
    """The three kinds of message, as they stand in subjects and stream names."""

    EVENTS = "events"
    COMMANDS = "commands"
    REPLIES = "replies"


class Encodable(Protocol):
    """What can be published: a message, or the encoding of one that was kept."""

    @property
    def kind(self) -> Kind: ...

    @property
    def wire_type(self) -> str: ...

    def to_body(self) -> bytes:
        """The JSON body."""
        ...


class Message(BaseModel):
    """Base of all messages; use `Command`, `Event`, `Reply` or `Refusal`."""

    # an error goes into logs and tables: it says what is wrong and not what was sent
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: ClassVar[Kind]
    wire_type: ClassVar[str]
    context: ClassVar[str]
    wire_name: ClassVar[str]
    key_field: ClassVar[str | None] = None

    def __init_subclass__(cls, **_declarations: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, **declarations: Any) -> None:
        super().__pydantic_init_subclass__()
        if "type" in declarations:
            cls._declare(declarations["type"])
        if "key" in declarations:
            cls._declare_key(declarations["key"])

    @classmethod
    def _declare(cls, wire_type: str) -> None:
        cls.context, cls.wire_name = context_and_name(wire_type)
        cls.wire_type = wire_type

    @classmethod
    def _declare_key(cls, field: str) -> None:
        if field not in cls.model_fields:
            raise ContractError(f"{cls.__name__}: key '{field}' is none of its fields")
        cls.key_field = field

    @property
    def key(self) -> str:
        """The value that order is kept for."""
        if self.key_field is None:
            raise ContractError(
                f'{type(self).__name__} declares no key; write `key="<field>"` in its class line'
            )
        return str(getattr(self, self.key_field))

    def to_body(self) -> bytes:
        """The JSON body."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Read a JSON body; raises pydantic.ValidationError."""
        return cls.model_validate_json(body)


class Event(Message):
    """Something that happened, in the past tense; published to whoever listens."""

    kind = Kind.EVENTS


class Command(Message):
    """An imperative to one service, which answers with a `Reply` or a `Refusal`."""

    kind = Kind.COMMANDS


class Reply(Message):
    """The outcome of a command. A reply's key is the saga that it goes back to."""

    kind = Kind.REPLIES
    refused: ClassVar[bool] = False


class Refusal(Reply):
    """A command was refused for a business reason; before the pivot a saga compensates."""

    refused = True
