"""Where a run's spans go."""

import httpx
import pytest

from devkit.tracing.destination import ENDPOINT, span_destination

NOBODY_HAS_CHOSEN: dict[str, str] = {}


def test_spans_are_received_here_where_nobody_has_chosen() -> None:
    with span_destination(NOBODY_HAS_CHOSEN) as destination:
        endpoint = destination.environment[ENDPOINT]
        answer = httpx.post(
            f"{endpoint}/v1/traces",
            headers={"content-type": "application/x-protobuf"},
            trust_env=False,
        )

        assert answer.status_code == 200
        assert destination.spans is not None
        assert endpoint in destination.told


@pytest.mark.parametrize("variable", [ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_an_endpoint_of_the_user_is_left_alone(variable: str) -> None:
    with span_destination({variable: "http://jaeger:4318"}) as destination:
        assert destination.environment == {}
        assert destination.spans is None
        assert destination.told == "spans go to http://jaeger:4318"


def test_tracing_that_the_user_has_switched_off_stays_off() -> None:
    with span_destination({"OTEL_SDK_DISABLED": "true"}) as destination:
        assert destination.environment == {}
        assert destination.spans is None
        assert destination.told == "nothing is traced: OTEL_SDK_DISABLED is true"
