"""What has changed between two releases of one contract that somebody may stumble over."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from chassis.messaging.compatibility import misfits, resolved
from chassis.messaging.contracts import Kind

Contract = Mapping[str, Any]

_NONE: Final = object()


def changes(old: Contract, new: Contract, *, growing: bool = False) -> list[str]:
    """What those who rely on the old contract would not find any more; empty if they find it all.

    Of commands others rely on what is read, of events and replies on what is written. With
    `growing`, enumerations of what is written may get values: it depends on who reads them.
    """
    lost = [f"it is never answered with {one} any more" for one in lost_answers(old, new)]
    return [*felt_by_all(old, new), *lost, *_schema(old, new, growing=growing)]


def felt_by_all(old: Contract, new: Contract) -> list[str]:
    """Changes around the body, which every user feels, whatever it reads of it."""
    return [*_place(old, new), *_headers(old, new)]


def _place(old: Contract, new: Contract) -> Iterator[str]:
    if (old["kind"], old["key"]) != (new["kind"], new["key"]):
        yield f"{old['kind']} with key {old['key']} became {new['kind']} with key {new['key']}"
    elif "subject" in old and old["subject"] != new["subject"]:
        yield f"the subject {old['subject']} became {new['subject']}"
    if "partitions" in old and old["partitions"] != new["partitions"]:
        yield f"{old['partitions']} partitions became {new['partitions']}: keys change place"


def _headers(old: Contract, new: Contract) -> Iterator[str]:
    before, now = old.get("headers"), new.get("headers")
    if before is None or now is None:
        return
    for name in (*before["required"], *before["optional"]):
        if name not in (*now["required"], *now["optional"]):
            yield f"the header {name} is dropped"
        elif name in before["required"] and name not in now["required"]:
            yield f"the header {name} may be missing"
    if old["kind"] == Kind.COMMANDS:
        for name in now["required"]:
            if name not in before["required"]:
                yield f"the header {name} is required, and may be missing"


def lost_answers(old: Contract, new: Contract) -> list[str]:
    """The replies that a command got and gets no more."""
    return [one for one in old.get("answers", ()) if one not in new.get("answers", ())]


def _schema(old: Contract, new: Contract, *, growing: bool) -> Iterator[str]:
    before, now = old["schema"], new["schema"]
    if old["kind"] == Kind.COMMANDS:
        yield from misfits(writer=before, reader=now)
    else:
        yield from misfits(writer=now, reader=before, growing=growing)
    yield from _renamed(before, now)
    yield from changed_defaults(old, new).values()


def _renamed(old: Contract, new: Contract) -> Iterator[str]:
    """Fields that only seem to have another name, which to a reader are gone."""
    before, now = old.get("properties", {}), new.get("properties", {})
    gone = [name for name in before if name not in now]
    for name in (name for name in now if name not in before):
        for candidate in gone:
            if _untitled(before[candidate]) == _untitled(now[name]):
                yield f"$.{candidate} seems to be called $.{name} now"


def _untitled(field: Contract) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in {"title", "description"}}


def changed_defaults(old: Contract, new: Contract) -> dict[str, str]:
    """By its place: what a field that is left out meant, and means now."""
    now = dict(_fields(new["schema"], new["schema"], "$"))
    found = {}
    for at, before in _fields(old["schema"], old["schema"], "$"):
        was, becomes = before.get("default", _NONE), now.get(at, {}).get("default", _NONE)
        if _NONE not in (was, becomes) and was != becomes:
            found[at] = f"{at}: the default {was!r} became {becomes!r}"
    return found


def _fields(
    schema: Contract, document: Contract, at: str, within: tuple[str, ...] = ()
) -> Iterator[tuple[str, Contract]]:
    """Every field with its place, also those of models in lists; recursion ends where it began."""
    reference = schema.get("$ref", "")
    if reference in within:
        return
    schema = resolved(schema, document)
    within = (*within, reference) if reference else within
    for name, field in schema.get("properties", {}).items():
        yield f"{at}.{name}", field
        yield from _fields(field, document, f"{at}.{name}", within)
    if isinstance(items := schema.get("items"), Mapping):
        yield from _fields(items, document, f"{at}[]", within)
