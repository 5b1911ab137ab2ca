"""What may change in a released message, and what may not."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from chassis.messaging.changes import Contract
from chassis.messaging.compatibility import misfits
from chassis.messaging.contracts import Command, Event, Message
from chassis.messaging.gate import ServiceContracts
from chassis.messaging.released import broken, contract, read_contracts, write_contracts


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    product: str
    quantity: int


def schema(**fields: object) -> dict[str, object]:
    return create_model("Anything", **fields).model_json_schema()  # type: ignore[call-overload, no-any-return]


BASE = {"order": (UUID, ...), "lines": (tuple[Line, ...], ...)}

READ = [
    ("the same", BASE, BASE),
    ("a field more", BASE | {"note": (str, ...)}, BASE),
    ("an optional field less", BASE, BASE | {"note": (str, "")}),
    ("a narrower range", {"n": (Annotated[int, Field(ge=1, le=5)], ...)}, {"n": (int, ...)}),
    ("whole numbers for numbers", {"n": (int, ...)}, {"n": (float, ...)}),
    ("fewer values", {"c": (Literal["red"], ...)}, {"c": (Colour, ...)}),
    ("never null", {"n": (int, ...)}, {"n": (int | None, ...)}),
    ("a map", {"m": (dict[str, int], ...)}, {"m": (dict[str, int], ...)}),
]
NOT_READ = [
    ("a required field less", {"order": (UUID, ...)}, BASE, "lines: is required"),
    ("perhaps missing", BASE | {"order": (UUID, None)}, BASE, "order: is required"),
    ("another type", {"n": (str, ...)}, {"n": (int, ...)}, "string is written, integer is read"),
    ("numbers for whole numbers", {"n": (float, ...)}, {"n": (int, ...)}, "number is written"),
    ("a wider range", {"n": (int, ...)}, {"n": (Annotated[int, Field(le=5)], ...)}, "maximum 5"),
    ("new values", {"c": (Colour, ...)}, {"c": (Literal["red"], ...)}, "blue may be written"),
    ("any text", {"c": (str, ...)}, {"c": (Colour, ...)}, "other values may be written"),
    ("perhaps null", {"n": (int | None, ...)}, {"n": (int, ...)}, "null is written"),
    ("another format", {"order": (str, ...)}, {"order": (UUID, ...)}, "format uuid is read"),
    ("in a list", {"l": (list[str], ...)}, {"l": (list[int], ...)}, r"l\[\]: string is written"),
    ("in a map", {"m": (dict[str, str], ...)}, {"m": (dict[str, int], ...)}, r"m\.\*: string is"),
]


@pytest.mark.parametrize(("what", "writer", "reader"), READ, ids=[case[0] for case in READ])
def test_is_read(what, writer, reader):
    assert misfits(writer=schema(**writer), reader=schema(**reader)) == []


@pytest.mark.parametrize(
    ("what", "writer", "reader", "reason"), NOT_READ, ids=[case[0] for case in NOT_READ]
)
def test_is_not_read(what, writer, reader, reason):
    [found] = misfits(writer=schema(**writer), reader=schema(**reader))
    assert re.search(reason, found)


def test_a_reader_that_takes_no_unknown_field_is_held_to_it():
    strict = create_model("Strict", __config__=ConfigDict(extra="forbid"), n=(int, ...))
    [found] = misfits(writer=schema(n=(int, ...), m=(int, ...)), reader=strict.model_json_schema())
    assert found == "$.m: is written, and is refused"


def test_fields_of_nested_models_count():
    poorer = create_model("Line", product=(str, ...))
    [found] = misfits(
        writer=schema(lines=(tuple[poorer, ...], ...)), reader=schema(lines=BASE["lines"])
    )
    assert found == "$.lines[].quantity: is required, and may be missing"


def event(**fields: object) -> type[Message]:
    return create_model(
        "Moved",
        __base__=Event,
        __cls_kwargs__={"type": "depot.Moved.v1", "key": "item"},
        item=(str, ...),
        **fields,
    )  # type: ignore[call-overload, no-any-return]


def command(**fields: object) -> type[Message]:
    return create_model(
        "Move",
        __base__=Command,
        __cls_kwargs__={"type": "depot.Move.v1", "key": "item"},
        item=(str, ...),
        **fields,
    )  # type: ignore[call-overload, no-any-return]


def promised(*messages: type[Message]) -> dict[str, Contract]:
    return {message.wire_type: contract(message) for message in messages}


def test_a_released_event_may_get_a_field_and_not_lose_one():
    released = promised(event(to=(str, ...)))

    assert broken(promised(event(to=(str, ...), weight=(int, ...))), released) == []
    [change] = broken(promised(event()), released)
    assert "depot.Moved.v1 has changed: $.to: is required, and may be missing" in str(change)
    assert "Declare a new version beside it" in str(change)


def test_a_released_command_may_lose_a_field_and_get_an_optional_one_only():
    released = promised(command(to=(str, ...)))

    assert broken(promised(command()), released) == []
    assert broken(promised(command(to=(str, ...), weight=(int, 0))), released) == []
    [change] = broken(promised(command(to=(str, ...), weight=(int, ...))), released)
    assert change.reasons == ("$.weight: is required, and may be missing",)


def test_a_released_message_may_not_vanish_nor_change_its_key():
    released = promised(event(to=(str, ...)))

    [gone] = broken({}, released)
    assert gone.reasons == ("nobody declares it any more",)
    rekeyed = create_model(
        "Moved",
        __base__=Event,
        __cls_kwargs__={"type": "depot.Moved.v1", "key": "to"},
        item=(str, ...),
        to=(str, ...),
    )
    [change] = broken(promised(rekeyed), released)
    assert change.reasons == ("events with key item became events with key to",)


def test_what_a_folder_says_is_read_again(tmp_path: Path):
    contracts = ServiceContracts(owned=promised(event()), uses={})
    write_contracts(ServiceContracts(owned=promised(command()), uses={}), tmp_path)
    write_contracts(contracts, tmp_path)

    assert read_contracts(tmp_path) == contracts
