"""Whether one side reads what the other writes, by their JSON schemas.

A producer may add to events and replies; a consumer has to go on taking the commands it took. Both
are the same question, asked of the old and the new schema: is everything that may be written also
read? Readers ignore fields that they do not know, as all contracts here do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_SAME: Final = (
    *("pattern", "format", "multipleOf", "uniqueItems", "prefixItems", "patternProperties"),
    *("oneOf", "allOf", "not"),
)


def misfits(
    *,
    writer: Schema,
    reader: Schema,
    growing: bool = False,
    documents: tuple[Schema, Schema] | None = None,
) -> list[str]:
    """Why the reader would refuse something that the writer may write; empty if it never would.

    Understands what pydantic's models become; what it does not understand has to be the same.
    With `growing`, a reader takes values of an enumeration that it does not know. References lead
    into the schemas themselves, or into the writer's and the reader's `documents`.
    """
    writers, readers = documents or (writer, reader)
    return list(_Comparison(writers, readers, growing).misfits(writer, reader, "$"))


@dataclass(frozen=True, slots=True)
class _Comparison:
    writers: Schema
    readers: Schema
    growing: bool

    def misfits(self, writer: Schema, reader: Schema, at: str) -> Iterator[str]:
        writer, reader = resolved(writer, self.writers), resolved(reader, self.readers)
        if alternatives := writer.get("anyOf"):
            for alternative in alternatives:
                yield from self.misfits(alternative, reader, at)
        elif choices := reader.get("anyOf"):
            found = [list(self.misfits(writer, choice, at)) for choice in choices]
            if all(found):
                yield min(found, key=len)[0]
        else:
            yield from self._values(writer, reader, at)
            yield from self._fields(writer, reader, at)
            yield from self._items(writer, reader, at)

    def _values(self, writer: Schema, reader: Schema, at: str) -> Iterator[str]:
        read, written = reader.get("type"), writer.get("type")
        if read not in (None, written, "number" if written == "integer" else written):
            yield f"{at}: {written or 'anything'} is written, {read} is read"
            return
        if (known := _choices(reader)) is not None:
            choices = _choices(writer)
            unknown = [value for value in choices or ["other values"] if value not in known]
            if unknown and not (self.growing and choices):
                yield f"{at}: {', '.join(map(str, unknown))} may be written, and is not read"
        for name in (*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_SAME):
            if name in reader and not _keeps(name, writer.get(name), reader[name]):
                yield f"{at}: {name} {reader[name]} is read, {writer.get(name, 'any')} is written"

    def _fields(self, writer: Schema, reader: Schema, at: str) -> Iterator[str]:
        written, read = writer.get("properties", {}), reader.get("properties", {})
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()):
                yield f"{at}.{name}: is required, and may be missing"
        for name in written.keys() & read.keys():
            yield from self.misfits(written[name], read[name], f"{at}.{name}")
        yield from self._further_fields(writer, reader, at)

    def _further_fields(self, writer: Schema, reader: Schema, at: str) -> Iterator[str]:
        extra, others = reader.get("additionalProperties"), writer.get("additionalProperties")
        if extra is False:
            for name in writer.get("properties", {}).keys() - reader.get("properties", {}).keys():
                yield f"{at}.{name}: is written, and is refused"
        elif isinstance(extra, Mapping):
            yield from self.misfits(others if isinstance(others, Mapping) else {}, extra, f"{at}.*")

    def _items(self, writer: Schema, reader: Schema, at: str) -> Iterator[str]:
        if "items" in reader:
            yield from self.misfits(writer.get("items", {}), reader["items"], f"{at}[]")


def resolved(schema: Schema, document: Schema) -> Schema:
    """The schema that is meant where it is a reference into its document."""
    while "$ref" in schema:
        place: Any = document
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            place = place[part]
        schema = place
    return schema


def _choices(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    choices: list[Any] | None = schema.get("enum")
    return choices


def _keeps(name: str, written: Any, read: Any) -> bool:
    if name in _SAME:
        return bool(written == read)
    if written is None:
        return False
    return bool(written >= read if name in _LOWER_BOUNDS else written <= read)
