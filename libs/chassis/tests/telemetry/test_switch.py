"""When a process traces, and what it says of it."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from chassis.telemetry import conventions
from chassis.telemetry.export import new_provider, otlp, shut_down
from chassis.telemetry.switch import tracing_switch

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "off: OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, "off: OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
        (ENDPOINT, "on: exported by OTLP"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}, "on: exported by OTLP"),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, "off: OTEL_SDK_DISABLED is true"),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, "off: OTEL_TRACES_EXPORTER is none"),
        (
            ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "off: grpc is not spoken here, only http/protobuf",
        ),
    ],
)
def test_tracing_is_on_where_there_is_somewhere_to_export_to(
    environment: dict[str, str], told: str
) -> None:
    assert str(tracing_switch(environment)) == told


def test_a_process_says_which_deployable_it_is_unless_the_standard_variables_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processor = otlp(ENDPOINT)
    ours = dict(new_provider("order-service-relay", processor).resource.attributes)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "another")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=pod-1")
    named = new_provider("order-service-relay", processor)
    shut_down(named)

    assert ours["service.name"] == "order-service-relay"
    assert ours["service.version"] == version("order-service")
    assert named.resource.attributes["service.name"] == "another"
    assert named.resource.attributes["k8s.pod.name"] == "pod-1"


def test_a_service_that_does_not_trace_imports_no_sdk_and_no_exporter() -> None:
    program = (
        "import sys, chassis.service, chassis.sagas;"
        "from chassis.telemetry.setup import configure_tracing;"
        "assert not configure_tracing('order-service', {}).on;"
        "print([m for m in sys.modules if m.startswith('opentelemetry.')"
        " and m.split('.')[1] in ('sdk', 'exporter', 'instrumentation')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_collector_of_the_documentation_asks_for_attributes_that_there_are() -> None:
    root = next(folder for folder in Path(__file__).parents if (folder / "uv.lock").exists())
    collector = yaml.safe_load((root / "docs/howto/tracing/collector.yaml").read_text())
    policies = collector["processors"]["tail_sampling"]["policies"]
    asked = {
        policy["string_attribute"]["key"] for policy in policies if "string_attribute" in policy
    }

    assert asked == {conventions.SAGA_DIRECTION, conventions.MESSAGE_OUTCOME}
    for name in ("receivers", "processors", "exporters"):
        assert set(collector["service"]["pipelines"]["traces"][name]) <= set(collector[name])
