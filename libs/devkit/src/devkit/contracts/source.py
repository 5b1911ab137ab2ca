"""Where a provider's test finds the contracts that it is verified against.

The repository's folder is the broker, unless PACT_BROKER_BASE_URL names a Pact Broker.
"""

import base64
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import httpx
from pact import Verifier

from devkit.contracts.folder import ContractFolder
from devkit.contracts.matrix import Matrix
from devkit.contracts.pacts import Pact, write_pact
from devkit.contracts.relay import add_file
from devkit.contracts.wire import JSON

BROKER_URL: Final = "PACT_BROKER_BASE_URL"
BROKER_TOKEN: Final = "PACT_BROKER_TOKEN"  # noqa: S105 - a variable's name
BROKER_USER: Final = "PACT_BROKER_USERNAME"
BROKER_PASSWORD: Final = "PACT_BROKER_PASSWORD"  # noqa: S105
PUBLISH: Final = "PACT_BROKER_PUBLISH_VERIFICATION_RESULTS"
VERSION: Final = "VERSION"
BRANCH: Final = "BRANCH"


class BrokerSettingsError(Exception):
    """The settings of a Pact Broker contradict each other."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """Contracts to give to one run of the verifier; `digest` tells which pact, if it is one."""

    digest: str
    add: Callable[[Verifier], object]


class Source(Protocol):
    """Finds the contracts of one provider."""

    @contextmanager
    def contracts(self, provider: str) -> Iterator[list[Sourced]]: ...


@dataclass(frozen=True, slots=True)
class Repository:
    """What is committed, and what the versions that are deployed somewhere need."""

    folder: ContractFolder
    matrix: Matrix

    @contextmanager
    def contracts(self, provider: str) -> Iterator[list[Sourced]]:
        pacts = [*self.folder.pacts(provider), *self.matrix.deployed_pacts(provider)]
        distinct = {(pact.consumer, pact.digest): pact for pact in pacts}
        with tempfile.TemporaryDirectory() as name:
            yield [_file(pact, Path(name)) for pact in distinct.values()]


@dataclass(frozen=True, slots=True)
class Broker:
    """A Pact Broker: what consumers' main branches need, and what is deployed or released."""

    url: str
    token: str | None
    user: str | None
    password: str | None
    publish_as: str | None
    branch: str

    @contextmanager
    def contracts(self, provider: str) -> Iterator[list[Sourced]]:  # noqa: ARG002 - it knows
        yield [Sourced("", self.add)]

    def publish(self, pact: Pact, version: str) -> None:
        """Send a consumer's contract; raises httpx.HTTPError."""
        content = base64.b64encode(json.dumps(pact.as_json()).encode()).decode()
        contract = {
            "consumerName": pact.consumer,
            "providerName": pact.provider,
            "specification": "pact",
            "contentType": JSON,
            "content": content,
        }
        told = {
            "pacticipantName": pact.consumer,
            "pacticipantVersionNumber": version,
            "branch": self.branch,
            "contracts": [contract],
        }
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        auth = (self.user, self.password or "") if self.user else None
        url = f"{self.url.rstrip('/')}/contracts/publish"
        httpx.post(url, json=told, headers=headers, auth=auth).raise_for_status()

    def add(self, verifier: Verifier) -> object:
        """Let the verifier ask the broker, and tell it what was found where that is wanted."""
        if self.publish_as is not None:
            verifier.set_publish_options(self.publish_as, branch=self.branch)
        selecting = (
            verifier.broker_source(self.url, token=self.token, selector=True, use_env=False)
            if self.token
            else verifier.broker_source(
                self.url,
                username=self.user,
                password=self.password,
                selector=True,
                use_env=False,
            )
        )
        selecting.provider_branch(self.branch)
        selecting.consumer_version(main_branch=True)
        selecting.consumer_version(deployed_or_released=True)
        return selecting.build()


def source_of(environment: Mapping[str, str], repository: Repository) -> Source:
    """By the settings; raises BrokerSettingsError."""
    url = environment.get(BROKER_URL)
    if not url:
        return repository
    token, user = environment.get(BROKER_TOKEN), environment.get(BROKER_USER)
    if token and user:
        raise BrokerSettingsError(f"set {BROKER_TOKEN} or {BROKER_USER}, not both")
    publish = environment.get(PUBLISH, "").lower() == "true"
    version = environment.get(VERSION)
    if publish and not version:
        raise BrokerSettingsError(f"{PUBLISH} is set: say by {VERSION} which version was verified")
    return Broker(
        url=url,
        token=token,
        user=user,
        password=environment.get(BROKER_PASSWORD),
        publish_as=version if publish else None,
        branch=environment.get(BRANCH, "main"),
    )


def _file(pact: Pact, folder: Path) -> Sourced:
    path = folder / f"{pact.consumer}-{pact.digest}.json"
    write_pact(pact, path)
    return Sourced(pact.digest, add_file(path))
