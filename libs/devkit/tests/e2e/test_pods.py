"""What is read from pods, of which one is as the API server gives it."""

from decimal import Decimal

import pytest

from devkit.e2e.pods import Requests, is_of_job, is_ready, lives, requests_of, restarts_of
from devkit.e2e.quantities import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", "0.25"),
        ("2", "2"),
        ("0.5", "0.5"),
        ("64Mi", "67108864"),
        ("1Gi", "1073741824"),
        ("3k", "3000"),
    ],
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str, value: str):
    assert quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["lots", "", "Mi", "5 Mi"])
def test_what_is_no_quantity_is_refused(text: str):
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


def container(cpu: str, memory: str, **more: str) -> dict[str, object]:
    return {**more, "resources": {"requests": {"cpu": cpu, "memory": memory}}}


def pod(**parts: object) -> dict[str, object]:
    return {
        "metadata": {"name": "a", "uid": "1"},
        "spec": {"containers": [container("75m", "160Mi")]},
        "status": {"phase": "Running"},
        **parts,
    }


def test_a_sidecar_counts_as_long_as_its_pod_runs():
    spec = {
        "initContainers": [container("25m", "80Mi", restartPolicy="Always")],
        "containers": [container("75m", "160Mi")],
    }
    assert requests_of([pod(spec=spec)]) == Requests(Decimal("0.1"), Decimal(240 * 2**20))


def test_what_runs_first_counts_only_where_it_asks_for_more_than_all_that_runs_later():
    spec = {
        "initContainers": [
            container("25m", "80Mi", restartPolicy="Always"),
            container("50m", "200Mi"),
        ],
        "containers": [container("75m", "160Mi")],
    }
    assert requests_of([pod(spec=spec)]) == Requests(Decimal("0.1"), Decimal(280 * 2**20))


def test_a_job_that_is_done_asks_for_nothing():
    assert requests_of([pod(status={"phase": "Succeeded"})]) == Requests(Decimal(0), Decimal(0))


def test_figures_are_in_cores_and_gibibytes():
    assert Requests(Decimal("0.7"), Decimal(2**30)).as_json() == {"cpu": 0.7, "memory_gib": 1.0}


def test_a_job_is_told_from_what_stays():
    owner = {"kind": "Job", "name": "migrate"}
    assert is_of_job(pod(metadata={"name": "a", "uid": "1", "ownerReferences": [owner]}))
    assert not is_of_job(pod())


def ready(*, yes: bool) -> dict[str, object]:
    return {"conditions": [{"type": "Ready", "status": str(yes)}]}


def test_a_pod_that_is_about_to_end_is_not_ready_though_it_says_so():
    ending = {"name": "a", "uid": "1", "deletionTimestamp": "2026-11-24T00:00:00Z"}
    assert is_ready(pod(status=ready(yes=True)))
    assert not is_ready(pod(status=ready(yes=False)))
    assert not is_ready(pod(status=ready(yes=True), metadata=ending))
    assert not is_ready(pod(status={}))


def test_restarts_are_those_of_containers_and_sidecars():
    status = {
        "initContainerStatuses": [{"name": "relay", "restartCount": 2}],
        "containerStatuses": [{"name": "app", "restartCount": 1}],
    }
    assert restarts_of(pod(status=status)) == 3
    assert restarts_of(pod(status=status), "relay") == 2


def test_a_restart_makes_another_life():
    calm = pod(status={"containerStatuses": [{"name": "app", "restartCount": 0}]})
    restarted = pod(status={"containerStatuses": [{"name": "app", "restartCount": 1}]})
    assert lives([calm]) == lives([calm])
    assert lives([restarted]) != lives([calm])
