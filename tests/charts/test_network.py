"""What may reach what in the demo is what was declared, and nothing else."""

from devkit.charts import Pod, Rendering
from devkit.deployables import DEPLOYABLES, THE_SHOP
from devkit.network_policies import (
    Outsider,
    Port,
    edges,
    matches,
    may_enter,
    may_leave,
    ports_of,
    selects,
)

TESTED = ("order-service", "customer-service", "inventory-service")
CALLED = (*TESTED, "shipping-service", "order-history-service")
ADDED = tuple(one for one in DEPLOYABLES if one.name not in THE_SHOP)
SERVICES = (*CALLED, *(one.name for one in ADDED if one.messaging))
PROVISIONED = (
    *(*TESTED, "shipping-service"),
    *(one.name for one in ADDED if one.topology.streams or one.topology.consumers),
)
SERVERS = {"postgresql", "nats", "jaeger"}

# (from, to, port); hand-written, because it is the promise
EDGES = {
    *((f"{service} service", "postgresql", 5432) for service in SERVICES),
    *((f"{service} migrate", "postgresql", 5432) for service in SERVICES),
    *((f"{service} service", "nats", 4222) for service in SERVICES),
    *((f"{service} provision", "nats", 4222) for service in PROVISIONED),
    *((f"{service} service", "jaeger", 4318) for service in SERVICES),
    *(("test", f"{service} service", 8080) for service in TESTED),
    *(("api-gateway service", f"{service} service", 8080) for service in CALLED),
    ("api-gateway service", "jaeger", 4318),
}


def test_the_edges_between_pods_are_those_that_are_declared(demo: Rendering):
    found = {(who(source), who(target), port.number) for source, target, port in edges(demo)}
    assert found == EDGES


def test_nothing_from_outside_gets_in_but_the_scrapes_of_prometheus(demo: Rendering):
    for pod in demo.pods():
        for port in ports_of(pod):
            assert not may_enter(demo, Outsider("default"), pod, port), pod.name
            is_service = pod.labels["app.kubernetes.io/component"] == "service"
            assert may_enter(demo, Outsider("monitoring"), pod, port) == is_service, pod.name


def test_nothing_gets_out_but_to_the_cluster_dns(demo: Rendering):
    for pod in demo.pods():
        assert not may_leave(demo, pod, Outsider("default"), Port(443)), pod.name
        is_server = pod.labels["app.kubernetes.io/name"] in SERVERS
        assert may_leave(demo, pod, Outsider("kube-system"), Port(53)) != is_server, pod.name


def test_another_release_in_the_same_namespace_stays_outside(demo: Rendering):
    """Its pods have the same labels, but for the instance."""
    order = next(pod for pod in demo.pods() if who(pod) == "order-service service")
    postgresql = next(pod for pod in demo.pods() if who(pod) == "postgresql")
    stranger = {**order.labels, "app.kubernetes.io/instance": "other"}
    peers = [
        peer["podSelector"]
        for policy in demo.of_kind("NetworkPolicy")
        if selects(policy, postgresql.labels)
        for rule in policy["spec"].get("ingress", ())
        for peer in rule["from"]
    ]
    assert any(matches(peer, order.labels) for peer in peers)
    assert not any(matches(peer, stranger) for peer in peers)


def who(pod: Pod) -> str:
    name = pod.labels["app.kubernetes.io/name"]
    component = pod.labels["app.kubernetes.io/component"]
    return name if name in {*SERVERS, "test"} else f"{name} {component}"
