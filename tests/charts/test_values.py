"""Wrong values are refused before anything is installed, in words that name the value."""

from pathlib import Path

import pytest
from helm_python import HelmError, parse_set_string

from devkit.charts import render

ALONE = "database.secret.name=a,nats.secret.name=b,provisioning.secret.name=c"

WRONG_FOR_A_SERVICE = {
    "replicas=2": "replicas",
    "replicaCount=0": "replicaCount",
    "replicaCount=two": "replicaCount",
    "http.port=80": "port",
    "http.prot=8080": "prot",
    "image.tag=latest": "tag",
    "image.digest=4711": "digest",
    "image.pullPolicy=Sometimes": "pullPolicy",
    "logLevel=LOUD": "logLevel",
    "autoscaling.minReplicas=0": "minReplicas",
    "autoscaling.type=magic": "type",
    "resources.limits.memory=lots": "memory",
    "database.password=secret": "password",
    "extraEnv.log-level=INFO": "log-level",
    "global.otel.endpoint=collector:4318": "endpoint",
    "messaging.publishes[0]=two words": "publishes",
}
WRONG_FOR_THE_DEMO = {
    "order-services.enabled=false": "order-services",
    "order-service.replicaCount=0": "replicaCount",
    "global.imageTag=latest": "imageTag",
    "global.nat.enabled=false": "nat",
    "global.otel.sampler=some": "sampler",
    "global.postgresql.peers.there.ip=10.0.0.0/8": "ip",
    "nats.syncInterval=often": "syncInterval",
    "nats.storage.maxFileStore=4": "maxFileStore",
    "postgresql.image.tag=latest": "tag",
    "jaeger.maxTraces=0": "maxTraces",
}


@pytest.mark.parametrize(("wrong", "named"), WRONG_FOR_A_SERVICE.items())
def test_a_service_refuses(charts: Path, wrong: str, named: str):
    with pytest.raises(HelmError, match=named):
        render(charts / "order-service", parse_set_string(f"{ALONE},{wrong}"))


@pytest.mark.parametrize(("wrong", "named"), WRONG_FOR_THE_DEMO.items())
def test_the_demo_refuses(charts: Path, wrong: str, named: str):
    with pytest.raises(HelmError, match=named):
        render(charts / "demo", parse_set_string(wrong))


def test_the_right_values_are_taken(charts: Path):
    assert render(charts / "order-service", parse_set_string(ALONE)).manifests


@pytest.mark.parametrize(
    ("values", "advice"),
    {
        "nats.secret.name=b,provisioning.secret.name=c": "set database.secret.name",
        "database.secret.name=a,provisioning.secret.name=c": "set nats.secret.name",
        "database.secret.name=a,nats.secret.name=b": "set provisioning.secret.name",
    }.items(),
)
def test_a_service_says_which_secret_it_lacks(charts: Path, values: str, advice: str):
    with pytest.raises(HelmError, match=advice):
        render(charts / "order-service", parse_set_string(values))


def test_a_service_that_others_provision_for_needs_no_provisioners_secret(charts: Path):
    values = "database.secret.name=a,nats.secret.name=b,provisioning.enabled=false"
    assert render(charts / "order-service", parse_set_string(values)).manifests


def test_the_demo_with_another_postgresql_asks_for_its_secrets(charts: Path):
    with pytest.raises(HelmError, match=r"-service: set database\.secret\.name"):
        render(charts / "demo", parse_set_string("global.postgresql.enabled=false"))
