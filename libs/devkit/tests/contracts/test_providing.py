"""A provider is verified with what Pact's own verifier says of its messages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.messaging.contracts import Event
from devkit.contracts.consuming import Needs, given
from devkit.contracts.keeping import Gathered
from devkit.contracts.matching import mismatches
from devkit.contracts.needs import a_moment, a_uuid, an_amount, some, text
from devkit.contracts.pacts import Part, write_pact
from devkit.contracts.providing import States
from devkit.contracts.relay import add_file, verify
from devkit.contracts.results import Result, read_results, results_of, write_results
from devkit.contracts.wire import WireMessage

KEY = "0199f3a1-0000-7000-8000-00000000000a"


class Baked(Event, type="bakery.Baked.v1", key="loaf_id"):
    loaf_id: UUID
    flour: str
    price: str
    at: str
    grains: list[str]


@pytest.fixture
def needed(tmp_path: Path) -> Part:
    """A need, whose pact is in `pact.json`."""
    gathered = Gathered(tmp_path / "needs")
    with Needs("shop-service", "bakery-service", gathered).says(
        "a loaf that was baked",
        Baked,
        given=given("a loaf was baked", flour="rye"),
        body={
            "loaf_id": a_uuid(KEY),
            "flour": "rye",
            "price": an_amount("4.50"),
            "at": a_moment(),
            "grains": some(text("sunflower")),
        },
    ):
        pass
    (pact,) = gathered.pacts()
    write_pact(pact, tmp_path / "pact.json")
    return pact.interactions[0].answers[0]


Verified = Callable[..., Awaitable[list[Result]]]


@pytest.fixture
def verified(needed: Part, tmp_path: Path) -> Verified:
    """What is found when this message, or this failure, comes from the provider."""

    async def verified(
        answer: WireMessage | Exception, states: States | None = None
    ) -> list[Result]:
        async def produce(_asked: Mapping[str, Any]) -> WireMessage:
            if isinstance(answer, Exception):
                raise answer
            return answer

        async def change(state: str, action: str, parameters: Mapping[str, Any]) -> None:
            if states is not None and action == "setup":
                await states.enter(state, parameters)

        found = await verify("bakery-service", produce, change, add_file(tmp_path / "pact.json"))
        return results_of(found, digest="d")

    return verified


async def test_a_provider_that_says_what_is_needed_is_verified(needed: Part, verified: Verified):
    (result,) = await verified(needed.example().about(loaf_id=UUID(int=7)))

    assert result.verified
    assert (result.consumer, result.provider) == ("shop-service", "bakery-service")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("flour", "wheat", "$.flour: Expected 'wheat' (String) to be equal to 'rye'"),
        ("price", 4.5, "$.price"),
        ("price", "4.5", "$.price"),
        ("at", "25.11.2026", "$.at"),
        ("at", "2026-11-25T08:00:00+01:00", "$.at"),
        ("grains", [], "$.grains"),
        ("loaf_id", None, "$.loaf_id"),
    ],
)
async def test_a_value_that_the_consumer_does_not_expect_is_told(
    needed: Part, field: str, value: object, told: str
):
    import json  # noqa: PLC0415

    message = needed.example()
    body = json.loads(message.body) | {field: value}

    found = await mismatches(needed, replace(message, body=json.dumps(body).encode()))

    assert any(told in one for one in found), found


async def test_more_than_is_needed_may_be_said(needed: Part):
    message = needed.example()
    more = message.body[:-1] + b', "crust": "dark"}'
    headers = {**message.headers, "ce-extra": "yes"}

    assert await mismatches(needed, replace(message, headers=headers, body=more)) == []


@pytest.mark.parametrize("name", ["ce-type", "ce-id", "ce-subject", "ce-time", "traceparent"])
async def test_a_header_that_is_dropped_is_told(needed: Part, name: str):
    message = needed.example()
    without = {key: value for key, value in message.headers.items() if key != name}

    found = await mismatches(needed, replace(message, headers=without))

    assert found == [f"header {name}: Expected message metadata '{name}' but was missing"]


async def test_another_subject_or_type_is_told(needed: Part):
    message = needed.example()
    headers = {**message.headers, "ce-type": "bakery.Baked.v2"}

    found = await mismatches(needed, replace(message, subject="bakery.all.1", headers=headers))

    assert sorted(one.split(":")[0] for one in found) == ["header ce-type", "header nats-subject"]


async def test_a_message_without_contents_is_told(needed: Part):
    (found,) = await mismatches(needed, replace(needed.example(), body=b""))

    assert "was empty" in found


async def test_what_a_use_case_raises_is_told_as_it_is(verified: Verified):
    (result,) = await verified(ValueError("no oven"))

    assert result.faults == ("ValueError: no oven",)


async def test_a_state_is_brought_about_with_its_parameters(needed: Part, verified: Verified):
    states, heard = States(), []

    @states.given("a loaf was baked")
    async def baked(flour: str) -> None:
        heard.append(flour)

    (result,) = await verified(needed.example(), states)

    assert result.verified
    assert heard == ["rye"]


async def test_a_state_that_the_provider_does_not_know_is_told(needed: Part, verified: Verified):
    (result,) = await verified(needed.example(), States())

    (fault,) = result.faults
    assert "nobody here brings about 'a loaf was baked'" in fault
    assert "keep it as long as a deployed consumer's contract names it" in fault


def test_results_are_read_as_they_were_written(tmp_path: Path):
    result = Result(
        consumer="shop-service",
        provider="bakery-service",
        description="a loaf",
        digest="d",
        faults=("$.flour: gone",),
    )
    write_results([result], tmp_path / "bakery-service.json")

    assert read_results(tmp_path) == [result]
    assert "shop-service needs 'a loaf' of bakery-service" in str(result)
