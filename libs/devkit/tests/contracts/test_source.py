"""Contracts come from the repository, or from a Pact Broker where a setting names one."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devkit.contracts.folder import ContractFolder
from devkit.contracts.matrix import Matrix, versions_of
from devkit.contracts.pacts import EVENT, make_pact, write_pact
from devkit.contracts.relay import verify
from devkit.contracts.source import Broker, BrokerSettingsError, Repository, source_of
from devkit.contracts.wire import WireMessage
from devkit.standins import StandIns, stand_ins

BROKER = "pact-broker"
NEED = {
    "type": EVENT,
    "description": "a loaf",
    "pending": False,
    "providerStates": [{"name": "a loaf was baked"}],
    "contents": {"content": {"flour": "rye"}, "contentType": "application/json", "encoded": False},
    "metadata": {"ce-type": "bakery.Baked.v1", "contentType": "application/json"},
}
PACT = make_pact("shop-service", "bakery-service", [NEED])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = ContractFolder(tmp_path)
    write_pact(PACT, folder.path("shop-service", "bakery-service"))
    return Repository(folder, Matrix(tmp_path / "matrix"))


def test_the_repository_is_the_broker_where_no_setting_names_one(repository: Repository):
    source = source_of({}, repository)

    assert source is repository
    with source.contracts("bakery-service") as sourced:
        assert [one.digest for one in sourced] == [PACT.digest]


def test_what_a_deployed_version_needs_is_verified_as_well(repository: Repository):
    before = make_pact("shop-service", "bakery-service", [NEED | {"description": "another loaf"}])
    (shop,) = versions_of("1", ["shop-service"], [before], [])
    repository.matrix.enter(shop, [before])
    repository.matrix.record_deployment("shop-service", "1", "production")

    with repository.contracts("bakery-service") as sourced:
        assert {one.digest for one in sourced} == {PACT.digest, before.digest}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"PACT_BROKER_TOKEN": "t", "PACT_BROKER_USERNAME": "u"}, "not both"),
        ({"PACT_BROKER_PUBLISH_VERIFICATION_RESULTS": "true"}, "say by VERSION"),
    ],
)
def test_settings_that_contradict_each_other_are_told(
    repository: Repository, settings: dict[str, str], told: str
):
    with pytest.raises(BrokerSettingsError, match=told):
        source_of({"PACT_BROKER_BASE_URL": "http://127.0.0.1:1"} | settings, repository)


class PactBroker:
    """As much of a Pact Broker's HAL as a verifier asks for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.selected: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.branches: list[str] = []
        self.tokens: set[str | None] = set()

    async def __call__(self, request: Request) -> Response:
        self.tokens.add(request.headers.get("authorization"))
        said = json.loads(await request.body() or "{}")
        path = request.url.path.rpartition("/")[2]
        if "/branches/" in request.url.path:
            self.branches.append(request.url.path.partition("/branches/")[2])
        elif path == "for-verification":
            self.selected = said or self.selected
        elif path == "results":
            self.published.append(said)
        elif path == "publish":
            self.sent.append(said)
        answer = JSONResponse(self._answers().get(path, {}), media_type="application/hal+json")
        answer.status_code = 200 if path in self._answers() else 201
        return answer

    def _answers(self) -> dict[str, dict[str, Any]]:
        return {
            "": {
                "_links": {
                    "pb:provider-pacts-for-verification": {
                        "href": f"{self.url}/pacts/provider/{{provider}}/for-verification",
                        "templated": True,
                    }
                }
            },
            "for-verification": {
                "_embedded": {
                    "pacts": [
                        {
                            "shortDescription": "latest",
                            "_links": {"self": {"href": f"{self.url}/pact", "name": "the pact"}},
                        }
                    ]
                },
                "_links": {
                    "self": {"href": f"{self.url}/pacts/provider/bakery-service/for-verification"}
                },
            },
            "pact": PACT.as_json()
            | {
                "_links": {
                    "pb:publish-verification-results": {"href": f"{self.url}/results"},
                    "pb:provider": {"href": f"{self.url}/bakery-service"},
                }
            },
            "bakery-service": {
                "_links": {
                    "pb:branch-version": {
                        "href": f"{self.url}/branches/{{branch}}/{{version}}",
                        "templated": True,
                    }
                }
            },
        }


@pytest.fixture
async def broker() -> AsyncIterator[PactBroker]:
    async with stand_ins() as services:
        broker = PactBroker(services.url(BROKER))
        _behave(services, broker)
        yield broker


def _behave(services: StandIns, broker: PactBroker) -> None:
    services.behave(BROKER, broker)


async def test_contracts_come_from_a_pact_broker_and_what_was_found_goes_there(
    broker: PactBroker, repository: Repository
):
    source = source_of(
        {
            "PACT_BROKER_BASE_URL": broker.url,
            "PACT_BROKER_TOKEN": "secret",
            "PACT_BROKER_PUBLISH_VERIFICATION_RESULTS": "true",
            "VERSION": "0.2.0",
        },
        repository,
    )
    assert isinstance(source, Broker)

    async def produce(_asked: Mapping[str, Any]) -> WireMessage:
        return WireMessage("bakery.events.Baked.0", {"ce-type": "bakery.Baked.v1"}, b'{"flour": 1}')

    async def change_state(_state: str, _action: str, _parameters: Mapping[str, Any]) -> None:
        pass

    with source.contracts("bakery-service") as (one,):
        (result,) = await verify("bakery-service", produce, change_state, one.add)

    assert result["result"] == "Error"
    assert broker.tokens == {"Bearer secret"}
    assert broker.selected["consumerVersionSelectors"] == [
        {"mainBranch": True},
        {"deployedOrReleased": True},
    ]
    assert broker.branches == ["main/0.2.0"]
    (published,) = broker.published
    assert (published["success"], published["providerApplicationVersion"]) == (False, "0.2.0")


async def test_a_consumers_contract_is_sent_to_the_pact_broker(
    broker: PactBroker, repository: Repository
):
    source = source_of({"PACT_BROKER_BASE_URL": broker.url, "BRANCH": "rye"}, repository)
    assert isinstance(source, Broker)

    await asyncio.to_thread(source.publish, PACT, "0.2.0")

    (sent,) = broker.sent
    assert (sent["pacticipantName"], sent["pacticipantVersionNumber"], sent["branch"]) == (
        "shop-service",
        "0.2.0",
        "rye",
    )
    (contract,) = sent["contracts"]
    assert json.loads(base64.b64decode(contract["content"])) == PACT.as_json()
