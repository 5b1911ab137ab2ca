"""What of the run on a cluster can be told without one."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import kubernetes_validate
import pytest
from typer.testing import CliRunner

from devkit.books import Books, CustomerAccount
from devkit.charts import render
from devkit.cli import app
from devkit.e2e.cli import summary
from devkit.e2e.commands import CommandFailedError, MissingCommandError, require, run
from devkit.e2e.namespace import UnsuitableNamespaceError, check_namespace
from devkit.e2e.pods import Life
from devkit.e2e.run import STEPS, Plan
from devkit.e2e.scenario import scenario_of
from devkit.e2e.shop import ours
from devkit.e2e.step import Result
from devkit.e2e.steps.stranger import stranger_pod
from devkit.e2e.steps.upgrade import changes
from devkit.mix import mixed_orders
from devkit.models import Customer

CHART = Path(__file__).parents[4] / "charts" / "demo"


def plan(**parts: object) -> Plan:
    given = {
        "namespace": "n",
        "release": "demo",
        "chart": CHART,
        "image_tag": "1.2.3",
        "steps": STEPS,
        "orders": 200,
        "rate": 5,
        "evidence": Path("e"),
    }
    return Plan(**(given | parts))


def test_the_chart_takes_the_values_of_the_run():
    deployment = render(CHART, plan().values).named("Deployment", "demo-shipping-service")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "longship/shipping-service:1.2.3"
    assert {"name": "CARRIER_FAILURE_PERCENT", "value": "10"} in container["env"]


def test_there_are_orders_enough_for_every_step():
    assert plan().further_orders == 2 * 200 + 9 * 60
    assert plan(steps=[step for step in STEPS if step.name == "upgrade"]).further_orders == 0


def test_the_first_orders_are_a_whole_mix_and_no_request_is_like_another():
    mix = mixed_orders(200, seed=1).scenario
    scenario = scenario_of(200, 480)
    assert scenario.orders[:200] == mix.orders
    assert len({order.key for order in scenario.orders}) == 680
    assert scenario.stock["product-scarce"] == mix.stock["product-scarce"]
    assert set(mix.customers) <= set(scenario.customers)


def test_the_stranger_is_a_pod_that_restricted_lets_in():
    pod = stranger_pod("longship/order-service:0.1.0", ["demo-nats:4222"])
    kubernetes_validate.validate(pod, "1.34", strict=True)
    (container,) = pod["spec"]["containers"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["command"][-1] == "demo-nats:4222"


def test_the_last_line_has_figures_by_step_and_the_steps_that_failed():
    results = {
        "install": Result(figures={"ready_s": 1.5}),
        "upgrade": Result(figures={"restarted": 1}, faults=("a was started",)),
    }
    assert summary(results) == {
        "install": {"ready_s": 1.5},
        "upgrade": {"restarted": 1},
        "failed": ["upgrade"],
        "passed": False,
    }
    assert summary({"install": Result(figures={})})["passed"]


def test_an_upgrade_that_restarts_removes_or_adds_is_told():
    before = {Life("a", "1", 0), Life("b", "2", 0), Life("c", "3", 0)}
    after = {Life("a", "1", 0), Life("b", "2", 1), Life("d", "4", 0)}
    assert changes(before, before) == []
    assert [fault.split()[0] for fault in changes(before, after)] == ["b", "c", "d"]


def test_the_books_leave_out_what_others_ordered():
    scenario = mixed_orders(20, seed=1).scenario
    own = Customer(
        customer_id="customer-0",
        credit_limit=Decimal(1),
        reserved=Decimal(0),
        confirmed=Decimal(0),
        available=Decimal(1),
    )
    other = own.model_copy(update={"customer_id": "helm-test-1"})
    accounts = [CustomerAccount(customer=one, reservations=()) for one in (own, other)]
    books = Books(orders=(), accounts=tuple(accounts), stocks=())
    assert ours(books, scenario, strangers=[UUID(int=1)]) == replace(books, accounts=(accounts[0],))


ENFORCING = {"pod-security.kubernetes.io/enforce": "restricted"}
UNSUITABLE = {
    "NAMESPACE=": {"name": "n", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}},
    "does not enforce": {"name": "n"},
    "wait for its end": {"name": "n", "labels": ENFORCING, "deletionTimestamp": "now"},
}


@pytest.mark.parametrize(("told", "metadata"), UNSUITABLE.items())
def test_a_namespace_that_is_not_fit_is_refused(told: str, metadata: dict[str, object]):
    check_namespace({"metadata": {"name": "n", "labels": ENFORCING}})
    with pytest.raises(UnsuitableNamespaceError, match=told):
        check_namespace({"metadata": metadata})


def test_a_missing_tool_is_named_with_where_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingCommandError, match=r"kubectl is not on the PATH.*https://"):
        require("kubectl", "helm")


def test_an_unknown_step_is_refused_with_those_that_there_are():
    result = CliRunner().invoke(app, ["e2e", "--only", "scalling"])
    assert result.exit_code == 2
    assert "scaling" in result.output


async def test_a_command_that_fails_tells_what_it_said():
    with pytest.raises(CommandFailedError, match="it hurts"):
        await run("sh", "-c", "echo it hurts >&2; exit 3")
    assert await run("cat", stdin="as it is") == "as it is"


async def test_a_command_that_takes_too_long_is_ended():
    with pytest.raises(CommandFailedError, match=r"longer than 0.1 s"):
        await run("sleep", "60", within=0.1)
