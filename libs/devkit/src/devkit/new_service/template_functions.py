"""What the template and its questions know of the repository that they are used in.

Copier runs in the repository's root, also where it renders into a folder of its own to compare.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

from devkit.new_service.errors import NewServiceError
from devkit.new_service.made_services import (
    MadeService,
    context_of,
    has_uuid,
    is_uuid_in,
    made_service,
    orchestrating,
    snake_case,
    why_it_cannot_join,
)
from devkit.new_service.released_events import (
    EventField,
    ReleasedEvent,
    chosen,
    identifiers,
    merged_fields,
    released_events,
)

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
            "is_uuid_in": partial(is_uuid_in, functions.root),
            "view_fields": functions.view_fields,
            "orchestrators": functions.orchestrators,
            "saga_of": functions.saga_of,
            "has_uuid": functions.has_uuid,
            "participants_of": functions.participants_of,
            "why_it_cannot_join": partial(why_it_cannot_join, functions.root),
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

    def view_fields(self, wire_types: Sequence[str], without: str) -> list[EventField]:
        return merged_fields(chosen(self.root, wire_types), without=without)

    def orchestrators(self) -> list[str]:
        """The contexts that have sagas."""
        sagas = self.root.glob("services/*/contracts/sagas")
        return sorted(context_of(one.parents[1].name) for one in sagas)

    def saga_of(self, context: str) -> str:
        """The type of the saga that the template has made for it; nothing where it has none."""
        made = orchestrating(self.root, context)
        return made.saga if made else ""

    def has_uuid(self, context: str) -> bool:
        made = orchestrating(self.root, context)
        return made is not None and has_uuid(self.root, made)

    def participants_of(self, services: Sequence[str]) -> list[MadeService]:
        """Raises NewServiceError for one that the template has not made."""
        made = [made_service(self.root, one) for one in services]
        if None in made:
            raise NewServiceError(f"one of {', '.join(services)} is not there any more")
        return [one for one in made if one is not None]


def source_tuple(names: Sequence[str]) -> str:
    """The Python source of a tuple of these strings."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"({quoted},)" if len(names) == 1 else f"({quoted})"
