"""The whole run: install, take the steps, and leave the cluster as it was."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devkit.clients import clients_of
from devkit.e2e.commands import CommandFailedError, require
from devkit.e2e.evidence import keep_evidence
from devkit.e2e.forwards import forwards_into
from devkit.e2e.namespace import check_cluster, restricted_namespace
from devkit.e2e.release import Release, passing_release
from devkit.e2e.scenario import scenario_of
from devkit.e2e.shop import CARRIER, Shop
from devkit.e2e.step import Result, Step, Surroundings
from devkit.e2e.steps.credentials import credentials
from devkit.e2e.steps.disruptions import disruptions
from devkit.e2e.steps.install import install
from devkit.e2e.steps.neighbour import neighbour
from devkit.e2e.steps.orders import orders
from devkit.e2e.steps.permissions import permissions
from devkit.e2e.steps.scaling import scaling
from devkit.e2e.steps.stranger import stranger
from devkit.e2e.steps.traces import traces
from devkit.e2e.steps.uninstall import uninstall
from devkit.e2e.steps.upgrade import upgrade
from devkit.http_client import ApiError
from devkit.listening import listening
from devkit.placing import RepeatedOrderError
from devkit.progress import Stages

STEPS = (
    Step("orders", orders, tenths=10),
    Step("traces", traces, tenths=10),
    Step("disruptions", disruptions, tenths=5 * 3),
    Step("scaling", scaling, tenths=3 * 3),
    Step("credentials", credentials, tenths=3),
    Step("upgrade", upgrade),
    Step("stranger", stranger),
    Step("permissions", permissions),
    Step("neighbour", neighbour),
    Step("uninstall", uninstall),
)
_INSTALL = "install"
_PATIENCE_SECONDS = 180
_FAILURES = (CommandFailedError, ApiError, RepeatedOrderError, AssertionError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """``steps`` are taken in their order. ``evidence`` is a folder for what tells of a failure."""

    namespace: str
    release: str
    chart: Path
    image_tag: str
    steps: Sequence[Step]
    orders: int
    rate: float
    evidence: Path

    @property
    def values(self) -> dict[str, Any]:
        """The chart's own, but for images, an observer, and a carrier who comes in time."""
        return {
            "global": {"imageTag": self.image_tag},
            "nats": {"observer": {"enabled": True}},
            "shipping-service": {"extraEnv": dict(CARRIER.settings)},
        }

    @property
    def further_orders(self) -> int:
        """At least as many as the steps place after the first portion, which is ``orders``."""
        return math.ceil(self.orders * sum(step.tenths for step in self.steps) / 10)


async def run_on_cluster(plan: Plan, stages: Stages) -> dict[str, Result]:
    """The results, by step. The cluster is left as it was found, whatever happens.

    A step that fails is a fault in its result, and the next one is taken. Raises
    MissingCommandError, UnsuitableNamespaceError, ReleaseExistsError, and CommandFailedError when
    it does not come to the first step.
    """
    require("kubectl", "helm")
    await check_cluster()
    async with restricted_namespace(plan.namespace) as namespace:
        release = Release(
            name=plan.release, namespace=namespace, chart=plan.chart, values=plan.values
        )
        async with passing_release(release):
            return await _all_steps(plan, release, stages)


async def _all_steps(plan: Plan, release: Release, stages: Stages) -> dict[str, Result]:
    try:
        results = {_INSTALL: await install(release, stages)}
    except CommandFailedError:
        await keep_evidence(release.namespace, plan.evidence / _INSTALL)
        raise
    async with _surroundings(plan, release, stages) as at:
        for step in plan.steps:
            result = results[step.name] = await _taken(step, at)
            for fault in result.faults:
                stages.say(f"✗ {step.name}: {fault}")
            if result.faults:
                await keep_evidence(release.namespace, plan.evidence / step.name)
    return results


async def _taken(step: Step, at: Surroundings) -> Result:
    try:
        return await step.take(at)
    except _FAILURES as error:
        return Result(figures={}, faults=(f"{type(error).__name__}: {error}",))


@asynccontextmanager
async def _surroundings(
    plan: Plan, release: Release, stages: Stages
) -> AsyncIterator[Surroundings]:
    async with AsyncExitStack() as stack:
        forwards = await stack.enter_async_context(forwards_into(release))
        addresses = await forwards.addresses()
        clients = await stack.enter_async_context(clients_of(addresses, patience=_PATIENCE_SECONDS))
        listener = await stack.enter_async_context(listening(addresses.nats))
        scenario = scenario_of(plan.orders, plan.further_orders)
        shop = Shop(scenario, clients, listener)
        with stages.stage("loading customers and stock"):
            await shop.open()
        yield Surroundings(
            release=release,
            forwards=forwards,
            addresses=addresses,
            shop=shop,
            stages=stages,
            orders=plan.orders,
            rate=plan.rate,
        )
