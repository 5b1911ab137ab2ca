"""A saga's definition as data: what it does in which order, for people, files and comparisons."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any, Final, get_type_hints

from pydantic.json_schema import GenerateJsonSchema

from chassis.messaging.contracts import Command, Message
from chassis.sagas.definition import Saga, SagaDefinition

_UNTOLD: Final = frozenset({"loads"})
"""How a step is carried out faster; what it does is the same without."""


def describe_saga(saga: SagaDefinition) -> dict[str, Any]:
    """Type, version, times, the schema of the data, and the steps in their order.

    Functions are told by their names, commands and replies by their wire types.
    """
    return {
        "type": saga.saga_type,
        "version": saga.version,
        "deadline": _told(saga.deadline),
        "on_timeout": _told(saga.on_timeout),
        "on_cancel": _told(saga.on_cancel),
        "steps": [_told(step) for step in saga.steps],
        "data": saga.data_type.model_json_schema(mode="serialization", schema_generator=_AsStored),
    }


class _AsStored(GenerateJsonSchema):
    """The stored data have every field, those with a default too."""

    def field_is_required(self, *_: object, **__: object) -> bool:
        return True


def _told(value: Any) -> Any:
    """Of whatever a step may hold: new kinds of steps are told by their fields."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, timedelta | str):
        return str(value)
    if isinstance(value, Mapping):
        return sorted(_told(one) for one in value)
    if isinstance(value, Sequence):
        return [_told(one) for one in value]
    return _told_object(value)


def _told_object(value: Any) -> Any:
    if inspect.isclass(value):
        return _told_class(value)
    return _told_fields(value) if is_dataclass(value) else _told_function(value)


def _told_class(value: type[Any]) -> str:
    if issubclass(value, Saga):
        return f"{value.saga_type} version {value.version}"
    if issubclass(value, Message):
        return value.wire_type
    return value.__qualname__


def _told_fields(value: Any) -> dict[str, Any]:
    kind = type(value).__name__
    told = {
        field.name: _told(getattr(value, field.name))
        for field in fields(value)
        if field.name not in _UNTOLD
    }
    return {"does": kind.removesuffix("Step").lower(), **told} if kind.endswith("Step") else told


def _told_function(function: Callable[..., Any]) -> str:
    """Its name, and what it sends, as in `reserve_credit -> customer.ReserveCredit.v1`."""
    name = getattr(function, "__name__", type(function).__name__)
    returned = get_type_hints(function).get("return") if inspect.isroutine(function) else None
    if inspect.isclass(returned) and issubclass(returned, Command):
        return f"{name} -> {returned.wire_type}"
    return name
