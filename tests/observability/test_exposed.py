"""What running services and relays expose is what the catalogue declares, and nothing alarms."""

import asyncio
import time
from pathlib import Path

import pytest
import pytest_asyncio
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from chassis.metrics.catalogue import ALL
from chassis.metrics.declaration import Exposer
from chassis.metrics.reference import LIBRARY_PREFIXES
from devkit.deployables import API_GATEWAY
from devkit.mix import mixed_orders
from devkit.observability.cli import work
from devkit.observability.dashboards import DASHBOARDS
from devkit.observability.panels import samples
from devkit.observability.recording import Pages, enter, scrape, targets_of
from devkit.platform import Platform
from devkit.promql.alerting import firing, read_rules
from devkit.promql.series import History

RULES = Path(__file__).parents[2] / "charts" / "demo" / "observability" / "rules"
SCRAPE_INTERVAL = 15.0
AFTERWARDS = 60 * 60.0

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(platform: Platform) -> list[Pages]:
    """What was scraped during a demonstration, at least once a second, and a while after it."""
    targets = targets_of(platform.addresses)
    film = [await scrape(targets)]
    scenario = asyncio.create_task(work(mixed_orders(60, seed=4).scenario, platform))
    while not scenario.done():
        film.append(await scrape(targets))
        await asyncio.wait([scenario], timeout=1)
    await scenario
    settled = time.monotonic() + 16  # gauges are refreshed every 14 s
    while time.monotonic() < settled:
        await asyncio.sleep(1)
        film.append(await scrape(targets))
    return film


def families_of(pages: Pages, exposer: Exposer) -> dict[str, Metric]:
    return {
        _name(family): family
        for target, page in pages.items()
        if _exposer(target.job) is exposer
        for family in text_string_to_metric_families(page or "")
    }


def _exposer(job: str) -> Exposer:
    if job.endswith("-relay"):
        return Exposer.RELAY
    return Exposer.GATEWAY if job == API_GATEWAY else Exposer.SERVICE


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


@pytest.mark.parametrize("exposer", Exposer)
async def test_every_declared_metric_is_exposed_and_every_exposed_one_is_declared(
    demo: list[Pages], exposer: Exposer
) -> None:
    exposed = families_of(demo[-1], exposer)
    own = {name for name in exposed if not name.startswith(LIBRARY_PREFIXES)}

    assert own == {metric.name for metric in ALL if exposer in metric.exposed_by}


@pytest.mark.parametrize("exposer", Exposer)
async def test_kind_and_labels_are_as_declared(demo: list[Pages], exposer: Exposer) -> None:
    exposed = families_of(demo[-1], exposer)
    for metric in ALL:
        if exposer not in metric.exposed_by:
            continue
        family = exposed[metric.name]
        assert family.type == metric.kind, metric.name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), metric.name


async def test_no_label_has_more_values_than_code_and_topology_have_names(
    demo: list[Pages],
) -> None:
    """60 orders of dozens of customers leave no series of their own."""
    for page in demo[-1].values():
        for family in text_string_to_metric_families(page or ""):
            series = {
                tuple(pair for pair in sample.labels.items() if pair[0] != "le")
                for sample in family.samples
            }
            assert len(series) < 40, family.name


async def test_all_alerts_are_silent_over_a_demonstration(demo: list[Pages]) -> None:
    """Each scrape stands for a quarter of a minute, so the film runs several times as fast as it
    was; the end is held for an hour, longer than any alert has to last.
    """
    history, at = History(), 0.0
    for pages in demo:
        enter(history, pages, at)
        at += SCRAPE_INTERVAL
    end = at + AFTERWARDS
    while at < end:
        enter(history, demo[-1], at)
        at += SCRAPE_INTERVAL

    found = firing(read_rules(RULES), history, start=0, end=end, every=30)

    assert [(one.rule.name, one.labels, one.value) for one in found] == []


async def test_every_panel_shows_something_after_a_demonstration(demo: list[Pages]) -> None:
    history = History()
    for place, pages in enumerate(demo):
        enter(history, pages, place * SCRAPE_INTERVAL)
    at = (len(demo) - 1) * SCRAPE_INTERVAL

    empty = {
        (one.dashboard, one.panel.title)
        for one in samples(history, at, rate_interval="30m")
        if not one.values
    }

    assert not empty
    assert len(DASHBOARDS) == 4
