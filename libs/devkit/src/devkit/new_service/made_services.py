"""The services that the template has made, as the answers tell that are kept with each of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from devkit.new_service.released_events import chosen, identifiers

ANSWERS: Final = ".copier-answers.yml"
_WORD_BEGINS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """`gift_card` of `GiftCard`."""
    return _WORD_BEGINS.sub("_", name).lower()


def context_of(service: str) -> str:
    return service.removesuffix("-service").replace("-", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeService:
    """A service and what was answered when it was made."""

    service: str
    answers: Mapping[str, Any]

    @property
    def context(self) -> str:
        return context_of(self.service)

    @property
    def thing(self) -> str:
        return str(self.answers["thing"])

    @property
    def one(self) -> str:
        return snake_case(self.thing)

    @property
    def one_id(self) -> str:
        return f"{self.one}_id"

    @property
    def saga(self) -> str:
        """The type of its own saga; nothing where it has none."""
        return f"Open{self.thing}" if self.answers.get("saga") == "own" else ""

    @property
    def participants(self) -> list[str]:
        """The services that take part in its saga, in the order in which they are asked."""
        return list(self.answers.get("participants", ()))


def made_service(root: Path, service: str) -> MadeService | None:
    """None where the template has not made it."""
    kept = root / "services" / service / ANSWERS
    if not kept.is_file():
        return None
    return MadeService(service=service, answers=yaml.safe_load(kept.read_text()))


def orchestrating(root: Path, context: str) -> MadeService | None:
    """The service of this context, if the template has made it with a saga of its own."""
    services = (made_service(root, one.name) for one in sorted(root.glob("services/*")))
    return next((one for one in services if one and one.saga and one.context == context), None)


def has_uuid(root: Path, service: MadeService) -> bool:
    """Whether its things are known by a UUID: as in its events, or else in the saga it joins."""
    answers = service.answers
    if answers.get("consumes"):
        return is_uuid_in(root, answers["consumes"], answers["about"])
    joined = orchestrating(root, answers.get("orchestrator", ""))
    return joined is not None and has_uuid(root, joined)


def is_uuid_in(root: Path, wire_types: Sequence[str], name: str) -> bool:
    """Whether these events have a UUID of this name."""
    found = identifiers(chosen(root, wire_types))
    return any(one.name == name and one.type == "UUID" for one in found)


def why_it_cannot_join(
    root: Path, service: str, orchestrator: str, thing: str, *, consumes: Sequence[str], about: str
) -> str:
    """What keeps a participant out of a saga that the template has made; nothing where it fits."""
    saga = orchestrating(root, orchestrator)
    if saga is None:
        return ""
    others = (one for one in saga.participants if one != service)
    things = {saga.thing, *(_thing(root, one) for one in others)}
    if thing in things:
        return f"{saga.service} opens a {thing} in its saga already: take another class name"
    if consumes and is_uuid_in(root, consumes, about) != has_uuid(root, saga):
        return (
            f"{saga.service} asks for a {thing} by the id of its {saga.thing}, which is of another "
            f"type than `{about}`: react to events about what the saga is about, or to none"
        )
    return ""


def _thing(root: Path, service: str) -> str:
    found = made_service(root, service)
    return found.thing if found else ""
