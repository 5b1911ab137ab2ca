"""Contracts fail closed: whatever is missing is an error that says what to do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.consumers.handlers import Handler, handle
from chassis.messaging.catalogue import make_catalogue
from chassis.messaging.contracts import Command, Event, Message, Refusal, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, events, replies
from devkit.contracts.completeness import Party, missing
from devkit.contracts.consuming import Needs, given
from devkit.contracts.keeping import Gathered
from devkit.contracts.needs import a_uuid, text
from devkit.contracts.pacts import Pact, make_pact
from devkit.contracts.results import Result

KEY = "0199f3a1-0000-7000-8000-00000000000a"


class Baked(Event, type="bakery.Baked.v1", key="loaf_id"):
    loaf_id: UUID
    flour: str


class Bake(Command, type="bakery.Bake.v1", key="loaf_id"):
    loaf_id: UUID


class Baking(Reply, type="bakery.Baking.v1"):
    loaf_id: UUID


class OutOfFlour(Refusal, type="bakery.OutOfFlour.v1"):
    loaf_id: UUID


async def bake(command: Bake, _session: object) -> Baking | OutOfFlour:
    return Baking(loaf_id=command.loaf_id)


def bakery(*handlers: Handler) -> Party:
    topology = ServiceTopology(
        service="bakery-service",
        context="bakery",
        streams=(Stream(channel=commands("bakery")), Stream(channel=events("bakery"))),
        consumers=(Consumer(service="bakery-service", channel=commands("bakery")),),
        sends_to=(replies("shop"),),
    )
    messages = (Bake, Baked, Baking, OutOfFlour)
    return Party(
        name="bakery-service",
        catalogue=make_catalogue(topology, messages),
        handlers=handlers or (handle(Bake, bake),),
    )


def shop(*messages: type[Message]) -> Party:
    topology = ServiceTopology(
        service="shop-service",
        context="shop",
        streams=(Stream(channel=replies("shop")),),
        consumers=(
            Consumer(service="shop-service", channel=replies("shop")),
            Consumer(service="shop-service", channel=events("bakery"), names=("Baked",)),
        ),
        sends_to=(commands("bakery"),),
    )
    catalogue = make_catalogue(topology, messages or (Baked, Bake, OutOfFlour))
    return Party(name="shop-service", catalogue=catalogue)


class Undeclared(Command):
    """Nobody has said what it is called on the wire."""


async def bake_silently(_command: Bake, _session: object):
    pass


State = Callable[[Needs], None]


def a_loaf(needs: Needs) -> None:
    body = {"loaf_id": a_uuid(KEY), "flour": text("rye")}
    with needs.says("a loaf that was baked", Baked, given=given("a loaf was baked"), body=body):
        pass


def an_answer(needs: Needs, reply: str = "bakery.Baking.v1", description: str = "Bake") -> None:
    body = {"loaf_id": a_uuid(KEY)}
    with needs.answers(
        description, Bake, reply, given=given("there is flour"), request=body, body=body, saga={}
    ):
        pass


def a_refusal(needs: Needs) -> None:
    an_answer(needs, "bakery.OutOfFlour.v1", "Bake without flour")


@pytest.fixture
def pact_of(tmp_path: Path) -> Callable[..., Pact]:
    """What the shop needs of the bakery, all of it unless said."""

    def pact_of(*needs: State) -> Pact:
        gathered = Gathered(tmp_path / "needs")
        for need in needs or (a_loaf, an_answer, a_refusal):
            need(Needs("shop-service", "bakery-service", gathered))
        (pact,) = gathered.pacts()
        return pact

    return pact_of


def changed(pact: Pact, description: str, **changes: Any) -> Pact:
    """The pact with one of its interactions changed."""
    raw = [
        dict(one.raw) | (changes if one.description == description else {})
        for one in pact.interactions
    ]
    return make_pact(pact.consumer, pact.provider, raw)


def met(pact: Pact, *leaving_out: str) -> list[Result]:
    return [
        Result(
            consumer=pact.consumer,
            provider=pact.provider,
            description=one.description,
            digest=pact.digest,
            faults=(),
        )
        for one in pact.interactions
        if one.description not in leaving_out
    ]


def the_one(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_nothing_is_missing_when_every_need_is_stated_and_was_verified(pact_of):
    pact = pact_of()

    assert missing([shop(), bakery()], [pact], met(pact)) == []


def test_an_event_that_somebody_reads_without_a_contract_is_an_error(pact_of):
    said = the_one(missing([shop(), bakery()], [pact_of(an_answer, a_refusal)]))

    assert "shop-service reads bakery.Baked.v1 of bakery-service without a contract" in said
    assert "state what it needs in services/shop-service/tests/contracts" in said


def test_a_reply_that_may_come_without_a_contract_is_an_error(pact_of):
    said = the_one(missing([shop(), bakery()], [pact_of(a_loaf, an_answer)]))

    assert "may answer bakery.OutOfFlour.v1, without a contract" in said


def test_a_command_of_a_service_to_itself_needs_no_contract():
    """Both sides have one class, which cannot drift apart."""
    topology = replace(bakery().catalogue.topology, sends_to=(commands("bakery"),))
    catalogue = make_catalogue(topology, (Bake, Baked, Baking, OutOfFlour))

    assert missing([replace(bakery(), catalogue=catalogue)], []) == []


def test_a_command_to_nobody_is_an_error(pact_of):
    said = missing([shop()], [])

    assert any("sends bakery.Bake.v1, and no service has the context bakery" in one for one in said)
    assert any("reads bakery.Baked.v1, and no service has the context" in one for one in said)


def test_a_command_that_its_receiver_does_not_handle_is_an_error(pact_of):
    silent = Party(name="bakery-service", catalogue=bakery().catalogue, handlers=())

    assert "nothing, for it has no handler" in the_one(missing([shop(), silent], [pact_of()]))


def test_a_need_that_was_not_verified_is_an_error(pact_of):
    pact = pact_of()

    said = the_one(missing([shop(), bakery()], [pact], met(pact, "a loaf that was baked")))

    assert "bakery-service was not verified with 'a loaf that was baked'" in said
    assert "services/bakery-service/tests/contracts" in said


def test_an_empty_contract_is_an_error(pact_of):
    empty = make_pact("shop-service", "bakery-service", [])

    assert any("is empty: state a need" in one for one in missing([shop(), bakery()], [empty]))


def test_a_contract_with_nobody_is_an_error(pact_of):
    strange = make_pact("shop-service", "butcher-service", [])

    said = missing([shop(), bakery()], [pact_of(), strange])

    assert "there is no butcher-service; correct its name or remove it" in the_one(said)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contents": None}, "without contents, which anything would satisfy; state its body"),
        ({"contents": {"content": {}}}, "without contents"),
        ({"contents": {"content": ""}}, "without contents"),
        ({"metadata": {}}, "without the header ce-type; state it"),
        ({"pending": True}, "is pending, so that nothing would come of its failing"),
        ({"providerStates": []}, "names no provider state; say by `given=`"),
    ],
)
def test_a_need_that_anything_would_meet_is_an_error(pact_of, changes, told):
    pact = changed(pact_of(), "a loaf that was baked", **changes)

    assert any(told in one for one in missing([shop(), bakery()], [pact]))


def test_a_command_without_an_answer_is_an_error(pact_of):
    pact = changed(pact_of(), "Bake", response=[])

    assert any("has no reply; state what is answered" in one for one in _faults(pact))


def test_a_contract_for_what_the_provider_does_not_say_is_an_error(pact_of):
    raw = pact_of().interactions[0].raw
    renamed = raw["metadata"] | {"ce-type": "bakery.Burnt.v1"}
    pact = changed(pact_of(), "a loaf that was baked", metadata=renamed)

    said = _faults(pact)

    assert any("needs bakery.Burnt.v1, which bakery-service does not say" in one for one in said)
    assert any(
        "shop-service has a contract for bakery.Burnt.v1 and does not read" in o for o in said
    )


def test_a_contract_for_a_command_that_the_provider_does_not_handle_is_an_error(pact_of):
    raw = next(one.raw for one in pact_of().interactions if one.description == "Bake")
    request = raw["request"] | {
        "metadata": raw["request"]["metadata"] | {"ce-type": "bakery.Fry.v1"}
    }

    said = _faults(changed(pact_of(), "Bake", request=request))

    assert any("sends bakery.Fry.v1, which bakery-service does not handle" in one for one in said)


def test_a_handler_that_does_not_declare_what_it_answers_is_an_error(pact_of):
    said = missing([shop(), bakery(handle(Bake, bake_silently))], [pact_of()])

    assert "the handler bake_silently does not declare what it answers" in the_one(said)


def test_a_handler_of_a_message_without_a_declared_type_is_an_error(pact_of):
    handlers = (handle(Bake, bake), handle(Undeclared, bake_silently))

    said = the_one(missing([shop(), bakery(*handlers)], [pact_of()]))

    assert "handles Undeclared, which declares no wire type" in said
    assert 'write `type="<context>.<Name>.v<version>"`' in said


def _faults(pact: Pact) -> list[str]:
    return missing([shop(), bakery()], [pact])
