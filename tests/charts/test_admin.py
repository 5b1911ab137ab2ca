"""The operators' HTTP API in the charts: off, and where it is on behind a token and a policy."""

from pathlib import Path

import pytest
from helm_python import HelmError, parse_set_string

from devkit.charts import Rendering, render

ALONE = "database.secret.name=a,nats.secret.name=b,provisioning.secret.name=c"
ON = f"{ALONE},admin.enabled=true,admin.secret.name=operators"


def rendered(charts: Path, values: str) -> Rendering:
    return render(charts / "order-service", parse_set_string(values))


def named(rendering: Rendering, kind: str) -> dict:
    return {m["metadata"]["name"]: m for m in rendering.manifests if m["kind"] == kind}


def container(rendering: Rendering) -> dict:
    [deployment] = named(rendering, "Deployment").values()
    [app] = deployment["spec"]["template"]["spec"]["containers"]
    return app


def test_it_is_off_if_nobody_asks_for_it(charts: Path):
    alone = rendered(charts, ALONE)

    assert not [one for one in container(alone)["env"] if one["name"].startswith("ADMIN_")]
    assert not [name for name in named(alone, "Service") if name.endswith("-admin")]


def test_its_token_is_a_file_and_it_has_a_service_of_its_own(charts: Path):
    on = rendered(charts, ON)

    env = {one["name"]: one.get("value") for one in container(on)["env"]}
    assert env["ADMIN_TOKEN_FILE"] == "/etc/admin/token"
    assert "ADMIN_TOKEN" not in env
    assert "ADMIN_READER_TOKEN_FILE" not in env
    [service] = [one for name, one in named(on, "Service").items() if name.endswith("-admin")]
    assert [port["name"] for port in service["spec"]["ports"]] == ["admin"]


def test_nobody_reaches_it_but_the_peers_that_are_named(charts: Path):
    edges = {name for name in named(rendered(charts, ON), "NetworkPolicy") if "operators" in name}
    with_peers = f"{ON},admin.peers.tools.ipBlock.cidr=10.0.0.0/8"
    [policy] = [
        one
        for name, one in named(rendered(charts, with_peers), "NetworkPolicy").items()
        if name.endswith("-from-operators")
    ]

    assert edges == set()
    [rule] = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "admin"}]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]


@pytest.mark.parametrize(
    ("values", "advice"),
    {
        f"{ALONE},admin.enabled=true": "set admin.secret.name",
        f"{ON},admin.port=8080": "set admin.port",
        f"{ON},admin.token=secret": "token",
    }.items(),
)
def test_what_is_wrong_with_it_is_said(charts: Path, values: str, advice: str):
    with pytest.raises(HelmError, match=advice):
        rendered(charts, values)
