"""A consumer's need is kept when its own handler takes what it asks for, and not before."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from chassis.messaging.contracts import Command, Event
from devkit.contracts.consuming import ContractBrokenError, Needs, given
from devkit.contracts.folder import ContractFolder
from devkit.contracts.keeping import Committed, Gathered, stale
from devkit.contracts.needs import a_count, a_uuid, text
from devkit.contracts.pacts import UnreadablePactError, read_pact, write_pact

KEY = "0199f3a1-0000-7000-8000-00000000000a"


class Baked(Event, type="bakery.Baked.v1", key="loaf_id"):
    loaf_id: UUID
    flour: str


class Bake(Command, type="bakery.Bake.v1", key="loaf_id"):
    loaf_id: UUID


@pytest.fixture
def gathered(tmp_path: Path) -> Gathered:
    return Gathered(tmp_path / "needs")


def state(recorder, **body: object):
    """State a need of a loaf; the event that the handler would get."""
    needs = Needs("shop-service", "bakery-service", recorder)
    return needs.says(
        "a loaf that was baked",
        Baked,
        given=given("a loaf was baked"),
        body={"loaf_id": a_uuid(KEY), "flour": text("rye")} | body,
    )


def test_the_handler_is_given_the_message_that_the_contract_says(gathered: Gathered):
    with state(gathered) as event:
        assert event.subject.startswith("bakery.events.Baked.")
        assert event.headers["ce-type"] == "bakery.Baked.v1"
        assert event.headers["ce-source"] == "bakery-service"
        assert event.headers["traceparent"].startswith("00-")
        assert Baked.from_body(event.body) == Baked(loaf_id=UUID(KEY), flour="rye")

    (pact,) = gathered.pacts()
    assert [one.description for one in pact.interactions] == ["a loaf that was baked"]


def test_a_need_whose_handler_fails_is_not_kept(gathered: Gathered):
    with pytest.raises(ZeroDivisionError), state(gathered):
        raise ZeroDivisionError

    assert gathered.pacts() == []


def test_a_need_of_a_field_that_nobody_reads_is_refused(gathered: Gathered):
    with (
        pytest.raises(ContractBrokenError, match=r"needs weight of bakery.Baked.v1.*leave it out"),
        state(gathered, weight=a_count(3)),
    ):
        pass


async def test_a_command_that_is_not_sent_as_the_contract_says_is_refused(gathered: Gathered):
    needs = Needs("shop-service", "bakery-service", gathered)
    body = {"loaf_id": a_uuid(KEY)}
    with needs.answers(
        "Bake",
        Bake,
        "bakery.Baking.v1",
        given=given("there is flour"),
        request=body,
        body=body,
        saga={"ce-sagatype": "Feast"},
    ) as exchange:
        sent = exchange.command
        reply = await exchange.answer(sent.about(loaf_id=UUID(int=7)))
        assert reply.headers["ce-causationid"] == sent.message_id

        without = {name: v for name, v in sent.headers.items() if name != "ce-replyto"}
        with pytest.raises(ContractBrokenError, match="header ce-replyto"):
            await exchange.answer(type(sent)(sent.subject, without, sent.body))


def test_what_is_stated_has_to_be_what_is_committed(gathered: Gathered, tmp_path: Path):
    folder = ContractFolder(tmp_path)
    with (
        pytest.raises(AssertionError, match="run `make pacts` and commit"),
        state(Committed(folder)),
    ):
        pass

    with state(gathered):
        pass
    (pact,) = gathered.pacts()
    write_pact(pact, folder.path("shop-service", "bakery-service"))
    with state(Committed(folder)):
        pass

    with pytest.raises(AssertionError, match="make pacts"), state(Committed(folder), flour="rye"):
        pass


def test_stale_contracts_are_told_with_what_has_changed(gathered: Gathered):
    with state(gathered):
        pass
    now = gathered.pacts()

    assert stale(now, now) == []
    assert "there is no file yet" in stale(now, [])[0]
    assert "no test states any of it any more" in stale([], now)[0]


def test_the_digest_of_a_contract_tells_contents_apart(gathered: Gathered, tmp_path: Path):
    with state(gathered):
        pass
    (pact,) = gathered.pacts()
    path = tmp_path / "pact.json"
    write_pact(pact, path)
    by_another_library = json.loads(path.read_text())
    by_another_library["metadata"] = {"pactRust": {"ffi": "99"}}
    path.write_text(json.dumps(by_another_library))

    assert read_pact(path).digest == pact.digest
    by_another_library["interactions"][0]["description"] = "another"
    path.write_text(json.dumps(by_another_library))
    assert read_pact(path).digest != pact.digest


def test_a_file_that_is_no_pact_is_told_by_its_name(tmp_path: Path):
    path = tmp_path / "shop-bakery.json"
    path.write_text("{}")

    with pytest.raises(UnreadablePactError, match=r"shop-bakery.json is no pact of version 4"):
        read_pact(path)
