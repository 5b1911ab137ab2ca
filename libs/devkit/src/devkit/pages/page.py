"""The page of a service: a canvas of what it is, says, takes, asks, keeps and shows.

Everything on it is declared in the service's code; nothing is written by hand.
"""

from collections.abc import Iterator
from importlib import import_module

from devkit.deployables import Deployable
from devkit.pages import behaviour, http, messages, metrics
from devkit.pages.markdown import code, first_sentence, table
from devkit.pages.neighbours import Neighbours

INDEX = """# Services

What each service is, says, takes and keeps, as its code declares it. Written by `make contracts`.

"""


def page(service: Deployable, neighbours: Neighbours) -> str:
    """The whole page, in Markdown."""
    parts = (
        f"# {service.name}",
        _headline(service),
        table(("", ""), _facts(service)),
        messages.neighbourhood(service, neighbours),
        messages.sections(service, neighbours),
        behaviour.sections(service),
        http.sections(service),
        metrics.section_of(service),
        "---",
        "Written by `make contracts`; do not edit.",
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def index(services: list[Deployable]) -> str:
    """The list of all pages."""
    rows = ((f"[{one.name}]({one.name}.md)", _headline(one)) for one in services)
    return f"{INDEX}{table(('service', 'what it is'), rows)}\n"


def _headline(service: Deployable) -> str:
    """Without the name in front, which the title says already."""
    sentence = first_sentence(import_module(f"{service.package}.app").__doc__)
    text = sentence.removeprefix(f"{service.name}: ")
    return text[:1].upper() + text[1:]


def _facts(service: Deployable) -> Iterator[tuple[str, str]]:
    name = service.name
    yield "code", f"[`services/{name}`](../../services/{name}/README.md)"
    contracts = [f"[OpenAPI](../../services/{name}/contracts/openapi.yaml)"]
    if service.messaging:
        contracts.append(f"[AsyncAPI](../../services/{name}/contracts/asyncapi.yaml)")
    yield "contracts", ", ".join(contracts)
    yield "chart", f"[`charts/{name}`](../../charts/{name}/values.yaml)"
    yield "ports", _ports(service)
    if service.database:
        yield "database", f"{code(service.package)}, PostgreSQL, its own"
    if service.messaging:
        yield "needs", f"its database; while NATS is away, {_without_nats(service)}"
        yield "NATS users", ", ".join(code(user) for user in _users(service))


def _ports(service: Deployable) -> str:
    http_port = "8080 HTTP, with `/livez`, `/readyz` and `/metrics`"
    return f"{http_port}; 9090 the relay's `/metrics` and `/livez`" if service.relay else http_port


def _users(service: Deployable) -> list[str]:
    return [service.name, f"{service.name}-relay"] if service.relay else [service.name]


def _without_nats(service: Deployable) -> str:
    return "requests are taken and messages wait" if service.relay else "it shows what it has heard"
