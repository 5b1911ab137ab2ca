"""What the template and its questions know of the repository that they are used in.

Copier runs in the repository's root, also where it renders into a folder of its own to compare.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

from devkit.new_service.released_events import (
    EventField,
    ReleasedEvent,
    chosen,
    identifiers,
    merged_fields,
    released_events,
)

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LIKELY = "customer_id"


class TemplateFunctions(Extension):
    """Functions and filters for `copier.yml` and the files of the template."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        functions = _Functions(Path.cwd())
        environment.filters |= {"snake_case": snake_case, "source_tuple": source_tuple}
        environment.globals |= {
            "released_events": functions.released_events,
            "contracts": functions.contracts,
            "identifiers": functions.identifiers,
            "likely_identifier": functions.likely_identifier,
            "is_uuid_in": functions.is_uuid_in,
            "view_fields": functions.view_fields,
            "orchestrators": functions.orchestrators,
            "repository": lambda: str(functions.root),
        }


class _Functions:
    def __init__(self, root: Path) -> None:
        self.root = root

    def released_events(self) -> list[str]:
        return list(released_events(self.root))

    def contracts(
        self, wire_types: Sequence[str], only: Sequence[str] | None = None
    ) -> list[ReleasedEvent]:
        found = chosen(self.root, wire_types)
        return found if only is None else [one.only(only) for one in found]

    def identifiers(self, wire_types: Sequence[str]) -> list[str]:
        return [one.name for one in identifiers(chosen(self.root, wire_types))]

    def likely_identifier(self, wire_types: Sequence[str]) -> str:
        names = self.identifiers(wire_types)
        return _LIKELY if _LIKELY in names else next(iter(names), "")

    def is_uuid_in(self, wire_types: Sequence[str], name: str) -> bool:
        found = identifiers(chosen(self.root, wire_types))
        return any(one.name == name and one.type == "UUID" for one in found)

    def view_fields(self, wire_types: Sequence[str], without: str) -> list[EventField]:
        return merged_fields(chosen(self.root, wire_types), without=without)

    def orchestrators(self) -> list[str]:
        """The contexts that have sagas."""
        sagas = self.root.glob("services/*/contracts/sagas")
        return sorted(
            one.parents[1].name.removesuffix("-service").replace("-", "") for one in sagas
        )


def snake_case(name: str) -> str:
    """`gift_card` of `GiftCard`."""
    return _WORD_BEGINS.sub("_", name).lower()


def source_tuple(names: Sequence[str]) -> str:
    """The Python source of a tuple of these strings."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"({quoted},)" if len(names) == 1 else f"({quoted})"
