"""The part of a service's page that is about what it does over time: sagas, flows, views."""

import sys
from collections.abc import Iterator
from datetime import timedelta

from chassis.flows import Flow
from chassis.sagas.declared import sagas_of
from chassis.sagas.definition import SagaDefinition
from chassis.views.installed import views_of
from devkit.deployables import Deployable
from devkit.pages.markdown import bullets, code, first_sentence, section, table


def sections(service: Deployable) -> str:
    if not service.messaging:
        return ""
    parts = (_sagas(service), _flows(service), _views(service))
    return "\n\n".join(part for part in parts if part)


def flows_of(package: str) -> list[Flow]:
    """The flows in modules of the package, which are imported already."""
    modules = [one for name, one in sys.modules.items() if name.startswith(f"{package}.")]
    found = {
        value.name: value
        for module in modules
        for value in list(vars(module).values())
        if isinstance(value, Flow)
    }
    return list(found.values())


def _sagas(service: Deployable) -> str:
    told = (
        section(
            f"{saga.saga_type}, version {saga.version}",
            first_sentence(sys.modules[saga.__module__].__doc__),
            bullets(_files(service, saga)),
            level=3,
        )
        for saga in sagas_of(service.package)
    )
    return section("Sagas that it orchestrates", *told)


def _files(service: Deployable, saga: SagaDefinition) -> Iterator[str]:
    root = f"../../services/{service.name}"
    yield f"Steps: {' → '.join(code(step.name) for step in saga.steps)}"
    module = saga.__module__.replace(".", "/")
    released = f"{root}/contracts/sagas/{saga.saga_type}.v{saga.version}.json"
    yield f"[Source]({root}/src/{module}.py), and [what instances in flight rely on]({released})"


def _flows(service: Deployable) -> str:
    rows = (
        (code(flow.name), stage.awaits, f"[{stage.by}]({stage.by}.md)", _duration(stage.within))
        for flow in flows_of(service.package)
        for stage in flow.stages
    )
    return section(
        "Flows that it expects the end of",
        table(("flow", "what is due", "from", "within"), rows),
    )


def _views(service: Deployable) -> str:
    rows = (
        (code(view.name), str(view.version), ", ".join(view.contexts), _tables(view.tables.tables))
        for view in views_of(service.package)
    )
    return section("Views that it keeps", table(("view", "version", "events of", "tables"), rows))


def _tables(names: object) -> str:
    return ", ".join(code(str(name).rpartition(".")[2]) for name in names)  # type: ignore[attr-defined]


def _duration(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    return f"{hours:g} hours" if hours > 1 else f"{time / timedelta(minutes=1):g} minutes"
