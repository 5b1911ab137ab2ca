"""Whether HTTP APIs may change as they do: the OpenAPI documents, and what clients need of them."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import yaml

from chassis.messaging.compatibility import misfits
from chassis.messaging.gate import Break, User

Document = Mapping[str, Any]
Operation = Mapping[str, Any]

_METHODS: Final = ("get", "put", "post", "delete", "patch")
_JSON: Final = "application/json"
_ADVICE: Final = (
    "expand: leave it as it was, and add what is new beside it",
    "migrate: let {who} use that, and deploy",
    "contract: take away the old when no version that is deployed uses it any more",
)
_HASTE: Final = ("deploy the service first, and rely on it in a later release",)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpContracts:
    """OpenAPI documents by service, and by client and service what is needed of them."""

    documents: Mapping[str, Document]
    needs: Mapping[str, Mapping[str, Sequence[Operation]]]


def http_contracts_in(services: Path) -> HttpContracts:
    """As they are kept below a folder of services."""
    documents = {
        path.parents[1].name: yaml.safe_load(path.read_text())
        for path in sorted(services.glob("*/contracts/openapi.yaml"))
    }
    needs: dict[str, dict[str, Sequence[Operation]]] = {}
    for path in sorted(services.glob("*/contracts/uses/http/*.json")):
        needs.setdefault(path.parents[3].name, {})[path.stem] = json.loads(path.read_text())
    return HttpContracts(documents=documents, needs=needs)


def of_services(contracts: HttpContracts, services: Collection[str]) -> HttpContracts:
    """Those of some services only."""
    return HttpContracts(
        documents={name: one for name, one in contracts.documents.items() if name in services},
        needs={name: one for name, one in contracts.needs.items() if name in services},
    )


def find_http_breaks(
    candidate: HttpContracts, baselines: Mapping[str, HttpContracts]
) -> list[Break]:
    """Everything that stands in the candidate's way, by service and operation."""
    found: dict[str, Break] = {}
    for broken in chain(
        _changed(candidate, baselines), _unmet(candidate), _too_early(candidate, baselines)
    ):
        found.setdefault(broken.wire_type, broken)
    return [found[name] for name in sorted(found)]


def _changed(candidate: HttpContracts, baselines: Mapping[str, HttpContracts]) -> Iterator[Break]:
    for baseline, before in baselines.items():
        for service, old in before.documents.items():
            new = candidate.documents.get(service, {"paths": {}})
            for name in operations(old):
                users = list(_users(candidate, service, name, new))
                strict = any(user.why for user in users)
                if reasons := changes(name, old, new, growing=not strict):
                    who = ", ".join(user.service for user in users) or "whoever else uses it"
                    yield Break(
                        wire_type=f"{service} {name}",
                        reasons=tuple(reasons),
                        since=(baseline,),
                        users=tuple(users),
                        advice=tuple(step.format(who=who) for step in _ADVICE),
                    )


def _unmet(candidate: HttpContracts) -> Iterator[Break]:
    for client, service, need in _all_needs(candidate):
        document = candidate.documents.get(service, {"paths": {}})
        if why := stumbles(need, document):
            yield Break(
                wire_type=f"{service} {need['operation']}",
                reasons=(f"{client} needs what {service} does not have",),
                users=(User(service=client, does="uses", why=tuple(why)),),
                advice=(f"let {client} and {service} agree",),
            )


def _too_early(candidate: HttpContracts, baselines: Mapping[str, HttpContracts]) -> Iterator[Break]:
    for client, service, need in _all_needs(candidate):
        for baseline, before in baselines.items():
            known = before.documents.get(service)
            if known is not None and (why := stumbles(need, known)):
                yield Break(
                    wire_type=f"{service} {need['operation']}",
                    reasons=(f"{client} relies on what {baseline} does not have yet",),
                    since=(baseline,),
                    users=(User(service=client, does="uses", why=tuple(why)),),
                    advice=_HASTE,
                )


def _all_needs(contracts: HttpContracts) -> Iterator[tuple[str, str, Operation]]:
    for client, services in contracts.needs.items():
        for service, needs in services.items():
            yield from ((client, service, need) for need in needs)


def _users(candidate: HttpContracts, service: str, name: str, document: Document) -> Iterator[User]:
    for client, needed, need in _all_needs(candidate):
        if needed == service and shape_of(need["operation"]) == shape_of(name):
            yield User(service=client, does="uses", why=tuple(stumbles(need, document)))


def changes(name: str, old: Document, new: Document, *, growing: bool = True) -> list[str]:
    """What clients of an operation would not find any more; empty if they find it all."""
    was, becomes = operations(old)[name], operations(new).get(name)
    if becomes is None:
        return ["the operation is gone"]
    return [
        *_parameters(was, becomes, old, new),
        *_body(was, becomes, old, new),
        *_answers(was, becomes, old, new, growing=growing),
    ]


def _parameters(was: Operation, becomes: Operation, old: Document, new: Document) -> Iterator[str]:
    before, now = _by_name(was), _by_name(becomes)
    for (place, name), parameter in before.items():
        if (place, name) not in now:
            yield f"the {place} parameter {name} is gone"
            continue
        taken = now[place, name]["schema"]
        for misfit in misfits(writer=parameter["schema"], reader=taken, documents=(old, new)):
            yield f"the {place} parameter {name}: {misfit}"
    for (place, name), parameter in now.items():
        was_required = before.get((place, name), {}).get("required", False)
        if parameter.get("required") and not was_required:
            yield f"the {place} parameter {name} is required, and may be missing"


def _body(was: Operation, becomes: Operation, old: Document, new: Document) -> Iterator[str]:
    before, now = was.get("requestBody"), becomes.get("requestBody")
    if now is None:
        return
    if before is None:
        if now.get("required"):
            yield "a body is required, and may be missing"
        return
    for misfit in misfits(writer=_json(before), reader=_json(now), documents=(old, new)):
        yield f"body {misfit}"


def _answers(
    was: Operation, becomes: Operation, old: Document, new: Document, *, growing: bool
) -> Iterator[str]:
    for status, before in was["responses"].items():
        now = becomes["responses"].get(status)
        if now is None:
            if status < "400":
                yield f"{status} is never answered any more"
            continue
        for header in before.get("headers", {}):
            if header not in now.get("headers", {}):
                yield f"{status} comes without the header {header}"
        said, read = _json(now), _json(before)
        for misfit in misfits(writer=said, reader=read, growing=growing, documents=(new, old)):
            yield f"{status} {misfit}"


def stumbles(need: Operation, document: Document) -> list[str]:
    """What a client would stumble over with the service that the document is of."""
    found = next(
        (
            operation
            for name, operation in operations(document).items()
            if shape_of(name) == shape_of(need["operation"])
        ),
        None,
    )
    if found is None:
        return ["the operation is gone"]
    return [*_unknown_parameters(need, found), *_unread(need, found, document)]


def _unknown_parameters(need: Operation, operation: Operation) -> Iterator[str]:
    known = _by_name(operation)
    sent = {*(("query", name) for name in need["query"])}
    sent |= {("header", name.lower()) for name in need["headers"]}
    for place, name in sorted(sent - known.keys()):
        yield f"the {place} parameter {name} is not known"
    for (place, name), parameter in known.items():
        if parameter.get("required") and place != "path" and (place, name) not in sent:
            yield f"the {place} parameter {name} is required, and is not sent"


def _unread(need: Operation, operation: Operation, document: Document) -> Iterator[str]:
    body = operation.get("requestBody")
    if need["sends"] is not None and body is not None:
        sent = need["sends"]
        for misfit in misfits(writer=sent, reader=_json(body), documents=(sent, document)):
            yield f"body {misfit}"
    for status, answer in operation["responses"].items():
        if status.startswith("2") and _JSON in answer.get("content", {}):
            read = need["reads"]
            for misfit in misfits(writer=_json(answer), reader=read, documents=(document, read)):
                yield f"{status} {misfit}"


def operations(document: Document) -> dict[str, Operation]:
    """By `GET /orders/{order_id}`."""
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


def shape_of(name: str) -> str:
    """Without the names of what is in the path, which nobody sends."""
    return re.sub(r"\{\w+\}", "{}", name)


def _by_name(operation: Operation) -> dict[tuple[str, str], Mapping[str, Any]]:
    found = {}
    for parameter in operation.get("parameters", ()):
        place, name = parameter["in"], parameter["name"]
        found[place, name.lower() if place == "header" else name] = parameter
    return found


def _json(part: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = part.get("content", {}).get(_JSON, {}).get("schema", {})
    return schema
