"""docs/reference/settings.md: every environment variable that a process of the platform reads."""

import types
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chassis.relay.settings import VARIABLES
from chassis.settings import HttpSettings, ServiceSettings
from devkit.deployables import Deployable
from devkit.pages.markdown import code, section, table

_INTRODUCTION = """\
Read from the settings' own declarations. A setting comes as an environment variable of its name, or
as `<NAME>_FILE`, the path of a file that holds it, which goes before: the charts give every secret
so. The standard `OTEL_*` variables switch tracing on and steer it, in every process; see
[tracing](../howto/tracing/README.md)."""
_HEAD = ("variable", "kind", "default", "meaning")
_KINDS = {SecretStr: "secret", bool: "yes or no", int: "number", float: "number", str: "text"}


def settings_page(services: Sequence[Deployable]) -> str:
    """The whole page."""
    every = _table(ServiceSettings.model_fields, without=HttpSettings.model_fields)
    relay = table(("variable", "meaning"), ((code(name), VARIABLES[name]) for name in VARIABLES))
    parts = (
        section("Every process that serves HTTP", _table(HttpSettings.model_fields)),
        section("Every service with a database and messaging", every),
        section("Every relay", relay),
        *(section(f"{one.name} alone", _own_of(one)) for one in services),
    )
    return "\n\n".join(["# Settings", _INTRODUCTION, *filter(None, parts)]) + "\n"


def _own_of(service: Deployable) -> str:
    settings: type[HttpSettings] = import_module(f"{service.package}.settings").Settings
    known = ServiceSettings if issubclass(settings, ServiceSettings) else HttpSettings
    return _table(settings.model_fields, without=known.model_fields)


def _table(fields: dict[str, FieldInfo], *, without: Iterable[str] = ()) -> str:
    known = set(without)
    return table(_HEAD, (_row(name, field) for name, field in fields.items() if name not in known))


def _row(name: str, field: FieldInfo) -> tuple[str, ...]:
    meaning = " ".join((field.description or "").split())
    return code(name.upper()), _kind(field.annotation), _default(field), meaning


def _kind(annotation: Any) -> str:
    kinds = [_KINDS.get(one, "text") for one in _alternatives(annotation)]
    return " or ".join(dict.fromkeys(kinds))


def _alternatives(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in {Union, types.UnionType}:
        yield from (one for one in get_args(annotation) if one is not type(None))
    else:
        yield annotation


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "needed"
    if field.default is None:
        return ""
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    if isinstance(field.default, tuple):
        return code(list(field.default))
    return code(field.default)
