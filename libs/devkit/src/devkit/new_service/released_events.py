"""The events that services have released, as far as a new service can make use of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from devkit.new_service.errors import NewServiceError

_BY_FORMAT: Final = {"uuid": "UUID", "date-time": "datetime"}
_BY_TYPE: Final = {"string": "str", "integer": "int"}
_COLUMNS: Final = {
    "UUID": "Uuid",
    "datetime": "DateTime(timezone=True)",
    "str": "Text",
    "int": "BigInteger",
}
_SAMPLES: Final = {
    "UUID": "UUID(int=1)",
    "datetime": "datetime(2026, 1, 2, tzinfo=UTC)",
    "str": '"A-1"',
    "int": "1",
}
_NEEDS: Final = {
    "UUID": "a_uuid(UUID(int=1))",
    "datetime": "a_moment()",
    "str": 'text("A-1")',
    "int": "a_count(1)",
}
# In the body of snapshots only: they stand for events that are gone, and are no news
_OF_SNAPSHOTS: Final = "run_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventField:
    """A field of a plain type; `type` is the Python type's name."""

    name: str
    type: str
    nullable: bool
    required: bool

    @property
    def annotation(self) -> str:
        optional = " | None" if self.nullable or not self.required else ""
        return f"{self.type}{optional}{'' if self.required else ' = None'}"

    @property
    def sample(self) -> str:
        """A value, as Python source."""
        return _SAMPLES[self.type]

    @property
    def need(self) -> str:
        """What a contract with the event's publisher says of it, as Python source."""
        return _NEEDS[self.type]

    @property
    def column(self) -> str:
        """The SQLAlchemy type of a column that holds it, as Python source."""
        return _COLUMNS[self.type]

    @property
    def column_class(self) -> str:
        return self.column.partition("(")[0]

    @property
    def is_identifier(self) -> bool:
        return (
            self.name.endswith("_id")
            and self.type in {"UUID", "str"}
            and "None" not in self.annotation
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleasedEvent:
    """An event as `contracts/released` has it; `fields` are those of plain types.

    `state` is what has to be so at the publisher, `provider`, for the event to be said: in the
    words of those who have a contract for it already, or else in words that its test is to know.
    """

    wire_type: str
    key: str
    provider: str
    state: str
    fields: list[EventField] = field(default_factory=list)

    @property
    def context(self) -> str:
        return self.wire_type.split(".")[0]

    @property
    def name(self) -> str:
        return self.wire_type.split(".")[1]

    def only(self, names: Iterable[str]) -> "ReleasedEvent":
        """With its key and those fields only."""
        wanted = {self.key, *names}
        return replace(self, fields=[one for one in self.fields if one.name in wanted])


def released_events(root: Path) -> dict[str, ReleasedEvent]:
    """By wire type, the newest version of each last."""
    states = _stated(root)
    files = sorted(root.glob("services/*/contracts/released/*.json"))
    contracts = ((file, json.loads(file.read_text())) for file in files)
    events = (_event(file, one, states) for file, one in contracts if one["kind"] == "events")
    return {one.wire_type: one for one in events if not _is_snapshot(one)}


def chosen(root: Path, wire_types: Sequence[str]) -> list[ReleasedEvent]:
    """Those events; raises NewServiceError for one that nobody has released."""
    known = released_events(root)
    unknown = [one for one in wire_types if one not in known]
    if unknown:
        raise NewServiceError(
            f"nobody publishes {', '.join(unknown)}; released events are:\n  " + "\n  ".join(known)
        )
    return [known[one] for one in wire_types]


def identifiers(events: Sequence[ReleasedEvent]) -> list[EventField]:
    """The ids that all of the events have, the first one's key first."""
    if not events:
        return []
    first, *others = events
    common = [
        one
        for one in first.fields
        if one.is_identifier and all(one in other.fields for other in others)
    ]
    return sorted(common, key=lambda one: one.name != first.key)


def merged_fields(events: Sequence[ReleasedEvent], *, without: str) -> list[EventField]:
    """Every field of any of the events once; raises NewServiceError where types differ."""
    found: dict[str, EventField] = {}
    for one in (one for event in events for one in event.fields if one.name != without):
        if found.setdefault(one.name, one).type != one.type:
            raise NewServiceError(
                f"`{one.name}` is a {found[one.name].type} in one of the events and a {one.type} "
                "in another: choose events that agree, or take one of them in by hand later"
            )
    return list(found.values())


def _event(file: Path, contract: Mapping[str, Any], states: Mapping[str, str]) -> ReleasedEvent:
    wire_type: str = contract["type"]
    return ReleasedEvent(
        wire_type=wire_type,
        key=contract["key"],
        provider=file.parents[2].name,
        state=states.get(wire_type, f"{wire_type.split('.')[1]} was published"),
        fields=list(_fields(contract["schema"])),
    )


def _stated(root: Path) -> dict[str, str]:
    """The states that consumers' contracts name, by the wire type of the event."""
    found: dict[str, str] = {}
    for file in sorted(root.glob("services/*/contracts/consumers/*.json")):
        for need in json.loads(file.read_text())["interactions"]:
            wire_type = need.get("metadata", {}).get("ce-type")
            if wire_type and need["providerStates"]:
                found.setdefault(wire_type, need["providerStates"][0]["name"])
    return found


def _is_snapshot(event: ReleasedEvent) -> bool:
    return any(one.name == _OF_SNAPSHOTS for one in event.fields)


def _fields(schema: Mapping[str, Any]) -> Iterator[EventField]:
    required = schema.get("required", ())
    for name, described in schema["properties"].items():
        options = [_resolved(one, schema) for one in described.get("anyOf", (described,))]
        types = {_python_type(one) for one in options if one.get("type") != "null"}
        if len(types) == 1 and (found := types.pop()) is not None:
            nullable = any(one.get("type") == "null" for one in options)
            yield EventField(name=name, type=found, nullable=nullable, required=name in required)


def _resolved(described: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in described:
        return described
    found: Mapping[str, Any] = schema["$defs"][described["$ref"].rpartition("/")[2]]
    return found


def _python_type(described: Mapping[str, Any]) -> str | None:
    """None for what is no plain value."""
    by_format = _BY_FORMAT.get(described.get("format", ""))
    return by_format or _BY_TYPE.get(described.get("type", ""))
