"""What is committed of each service's contracts is what its code says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.description import Format, describe, topology_of
from chassis.messaging.released import contracts_of, read_contracts
from devkit.deployables import with_messaging

ROOT = Path(__file__).parents[2]
STALE = "run `make contracts` and commit what it writes"


@pytest.fixture(params=[one.name for one in with_messaging()])
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def package(service: str) -> str:
    return service.replace("-", "_")


@pytest.fixture
def contracts(service: str) -> Path:
    return ROOT / "services" / service / "contracts"


@pytest.fixture
def document(contracts: Path) -> dict[str, Any]:
    return yaml.safe_load((contracts / "asyncapi.yaml").read_text())


def test_what_a_service_promises_and_needs_is_committed(package: str, contracts: Path):
    assert read_contracts(contracts) == contracts_of(catalogue_of(package)), STALE


def test_the_asyncapi_document_is_that_of_the_code(package: str, document: dict[str, Any]):
    assert document == describe(package, Format.ASYNCAPI), STALE


def test_document_topology_and_chart_name_the_same_channels(package: str, document: dict[str, Any]):
    topology = topology_of(package)
    block = describe(package, Format.VALUES)["messaging"]
    operations = document["operations"].values()

    def channels(action: str) -> list[str]:
        of_action = [one for one in operations if one["action"] == action]
        return [one["channel"]["$ref"].removeprefix("#/channels/") for one in of_action]

    assert channels("send") == [channel.name for channel in topology.publishes]
    assert [f"{name}.>" for name in channels("send")] == block["publishes"]
    consumed = [consumer.channel for consumer in topology.consumers]
    assert channels("receive") == [channel.name for channel in (*consumed, *topology.reads)]
    assert [name.replace(".", "-") for name in channels("receive")] == [
        one["stream"] for one in (*block["consumers"], *block.get("reads", ()))
    ]
    assert set(document["channels"]) == {*channels("send"), *channels("receive")}


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]):
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if "$ref" in part else []
        return found + [one for value in part.values() for one in references(value)]
    return [one for value in part for one in references(value)] if isinstance(part, list) else []
