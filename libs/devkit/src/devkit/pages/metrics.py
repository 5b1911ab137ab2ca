"""The part of a service's page that is about the metrics which not every service has."""

from collections.abc import Iterator

from chassis.metrics.catalogue import ALL
from chassis.sagas.declared import sagas_of
from chassis.views.installed import views_of
from devkit.deployables import API_GATEWAY, Deployable
from devkit.pages.behaviour import flows_of
from devkit.pages.markdown import code, section, table

_REFERENCE = "[Metrics](../reference/metrics.md) has those of every service"
_MEANING = "and the meaning of these"


def section_of(service: Deployable) -> str:
    rows = [
        (area, ", ".join(code(one.name) for one in ALL if one.name.startswith(f"{prefix}_")))
        for area, prefix in _areas(service)
    ]
    told = f"{_REFERENCE}, {_MEANING}." if rows else f"{_REFERENCE}; it adds none."
    return section("Metrics", told, table(("about", "its metrics"), rows))


def _areas(service: Deployable) -> Iterator[tuple[str, str]]:
    """What it has that others do not, and how the names of its metrics begin."""
    if service.relay:
        yield "its relay", "outbox"
    if service.messaging and sagas_of(service.package):
        yield "sagas", "saga"
    if service.messaging and flows_of(service.package):
        yield "flows", "flow"
    if service.messaging and views_of(service.package):
        yield "views", "view"
    if service.name == API_GATEWAY:
        yield "the services behind it", "gateway"
