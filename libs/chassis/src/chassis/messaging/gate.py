"""Whether contracts may change as they do: what breaks, whom, and how to go about it.

Contracts are compared with baselines, such as the main branch and what is deployed in production.
Additions that tolerant readers accept pass: fields always, values of an enumeration where nobody
reads it as one. Whatever else changes breaks, also where nobody here reads it: the published
documents have promised it to others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from chassis.messaging import advice
from chassis.messaging.changes import (
    Contract,
    changed_defaults,
    changes,
    felt_by_all,
    lost_answers,
)
from chassis.messaging.compatibility import misfits
from chassis.messaging.contracts import context_and_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContracts:
    """What one service promises others, and what it needs of theirs; both by wire type."""

    owned: Mapping[str, Contract]
    uses: Mapping[str, Contract]


Platform = Mapping[str, ServiceContracts]
"""The contracts of all services, by the service's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Contracts that others rely on already, and where: `main`, `production`."""

    name: str
    platform: Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A service that sends or reads a message of another's, and what it would stumble over."""

    service: str
    does: str
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service} {self.does} it: {'; '.join(self.why) or 'not affected'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A change that may not be made as it is."""

    wire_type: str
    reasons: tuple[str, ...]
    since: tuple[str, ...] = ()
    """The baselines that it is a change from."""
    users: tuple[User, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[str, ...]:
        """The services that break."""
        return tuple(user.service for user in self.users if user.why)

    def __str__(self) -> str:
        since = f" (compared with {', '.join(self.since)})" if self.since else ""
        lines = [f"{self.wire_type}{since}: {'; '.join(self.reasons)}"]
        lines += [f"  {user}" for user in self.users]
        return "\n".join([*lines, *(f"  {step}" for step in self.advice)])


def find_breaks(candidate: Platform, baselines: Sequence[Baseline]) -> list[Break]:
    """Everything that stands in the candidate's way, by wire type."""
    gate = _Gate(candidate, baselines)
    changed = list(gate.changed())
    known = {one.wire_type for one in changed}
    others = (gate.unanswered(), gate.skipped(), gate.alone(), gate.unfit(), gate.too_early())
    found = [*changed, *(one for one in chain(*others) if one.wire_type not in known)]
    return sorted(found, key=lambda one: one.wire_type)


class _Gate:
    def __init__(self, candidate: Platform, baselines: Sequence[Baseline]) -> None:
        self._candidate = candidate
        self._baselines = baselines
        self._now = _owned(candidate)
        self._before = {one.name: _owned(one.platform) for one in baselines}

    def changed(self) -> Iterator[Break]:
        """What was released and is not read or written as it was."""
        for wire_type in sorted(set(chain(*self._before.values()))):
            found = {
                name: reasons
                for name, owned in self._before.items()
                if wire_type in owned and (reasons := self._reasons(owned[wire_type]))
            }
            if found:
                yield self._break(wire_type, found)

    def _break(self, wire_type: str, found: Mapping[str, list[str]]) -> Break:
        users = tuple(self._users(wire_type, tuple(found)))
        who = list(dict.fromkeys(user.service.partition(" of ")[0] for user in users))
        old = self._before[next(iter(found))][wire_type]
        new = self._now.get(wire_type)
        return Break(
            wire_type=wire_type,
            reasons=tuple(dict.fromkeys(chain(*found.values()))),
            since=tuple(found),
            users=users,
            advice=advice.for_change(old, new, who)
            if new
            else advice.for_withdrawal(wire_type, who),
        )

    def unanswered(self) -> Iterator[Break]:
        """Commands that are answered with what has no contract."""
        for wire_type, contract in self._now.items():
            for answer in contract.get("answers", ()):
                if answer not in self._now:
                    yield Break(
                        wire_type=wire_type,
                        reasons=(f"it is answered with {answer}, which has no contract",),
                        users=tuple(self._users(answer, ())),
                        advice=(f"declare {answer} as a Reply or a Refusal of its own context",),
                    )

    def skipped(self) -> Iterator[Break]:
        """New versions whose predecessor never was."""
        released = set(chain(*self._before.values()))
        known = {version_of(wire_type) for wire_type in released | self._now.keys()}
        for wire_type in sorted(self._now.keys() - released):
            name, number = version_of(wire_type)
            if number > 1 and (name, number - 1) not in known:
                latest = max((n for one, n in known if one == name and n < number), default=0)
                yield Break(
                    wire_type=wire_type,
                    reasons=(f"{name}.v{number - 1} never was",),
                    advice=(f"call it {name}.v{latest + 1}",),
                )

    def alone(self) -> Iterator[Break]:
        """What is sent to nobody, or read and said by nobody."""
        for service, wire_type, use in self._uses():
            if wire_type not in self._now:
                yield Break(
                    wire_type=wire_type,
                    reasons=(self._missing_owner(wire_type),),
                    users=(User(service=service, does=use["does"], why=("nobody is there",)),),
                    advice=advice.for_a_stranger(wire_type, use),
                )

    def unfit(self) -> Iterator[Break]:
        """Copies that do not fit the originals."""
        for service, wire_type, use in self._uses():
            if wire_type in self._now and (why := stumbles(use, self._now[wire_type])):
                yield Break(
                    wire_type=wire_type,
                    reasons=(f"the copy of {service} does not fit",),
                    users=(User(service=service, does=use["does"], why=why),),
                    advice=(f"make the copy of {service} say what the owner's contract says",),
                )

    def too_early(self) -> Iterator[Break]:
        """What fits here, and not yet what is released: user and owner were changed at once."""
        for service, wire_type, use in self._uses():
            for baseline, owned in self._before.items():
                if wire_type in owned and (why := stumbles(use, owned[wire_type])):
                    yield Break(
                        wire_type=wire_type,
                        reasons=(f"{service} relies on what {baseline} does not have yet",),
                        since=(baseline,),
                        users=(User(service=service, does=use["does"], why=why),),
                        advice=advice.for_haste(use),
                    )

    def _reasons(self, old: Contract) -> list[str]:
        wire_type = old["type"]
        users = list(self._users(wire_type, tuple(self._before)))
        if wire_type not in self._now:
            return ["nobody declares it any more"] if users else []
        tolerant = not any(user.why for user in users)
        return changes(old, self._now[wire_type], growing=tolerant)

    def _users(self, wire_type: str, baselines: Sequence[str]) -> Iterator[User]:
        """Who uses it: as it would be, and as in the baselines where that differs."""
        seen = []
        relevant = [one for one in self._baselines if one.name in baselines]
        for baseline in (None, *relevant):
            platform = self._candidate if baseline is None else baseline.platform
            for service, contracts in platform.items():
                use = contracts.uses.get(wire_type)
                if use is not None and (service, use) not in seen:
                    seen.append((service, use))
                    label = service if baseline is None else f"{service} of {baseline.name}"
                    why = tuple(dict.fromkeys(self._why(wire_type, contracts)))
                    yield User(service=label, does=use["does"], why=why)

    def _why(self, wire_type: str, user: ServiceContracts) -> Iterator[str]:
        """What a user of a message stumbles over."""
        now = self._now.get(wire_type)
        if now is None:
            yield "it is gone"
            return
        for owned in self._before.values():
            if old := owned.get(wire_type):
                yield from felt_by_all(old, now)
                yield from _felt_defaults(user.uses[wire_type], old, now)
                answers = (one for one in lost_answers(old, now) if one in user.uses)
                yield from (f"{answer} never comes" for answer in answers)
        yield from stumbles(user.uses[wire_type], now)

    def _uses(self) -> Iterator[tuple[str, str, Contract]]:
        for service, contracts in self._candidate.items():
            for wire_type, use in contracts.uses.items():
                yield service, wire_type, use

    def _missing_owner(self, wire_type: str) -> str:
        context, _ = context_and_name(wire_type)
        if any(context_and_name(known)[0] == context for known in self._now):
            return f"the service of '{context}' declares no such message"
        return f"no service has the context '{context}'"


def stumbles(use: Contract, owned: Contract) -> tuple[str, ...]:
    """What a user would stumble over, sending or reading the message as its owner has it."""
    if use["does"] == "sends":
        return tuple(misfits(writer=use["schema"], reader=owned["schema"]))
    return tuple(misfits(writer=owned["schema"], reader=use["schema"]))


def _felt_defaults(use: Contract, old: Contract, new: Contract) -> Iterator[str]:
    """Defaults that count for a sender, since it leaves the fields out."""
    if use["does"] == "sends":
        written = {f"$.{name}" for name in use["schema"].get("required", ())}
        for at, what in changed_defaults(old, new).items():
            if at not in written:
                yield what


def version_of(wire_type: str) -> tuple[str, int]:
    """`order.OrderPlaced.v2` → `order.OrderPlaced`, 2."""
    name, _, number = wire_type.rpartition(".v")
    return name, int(number)


def _owned(platform: Platform) -> dict[str, Contract]:
    return {name: one for service in platform.values() for name, one in service.owned.items()}
