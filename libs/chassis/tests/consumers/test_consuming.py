"""What a service can rely on when messages reach it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from chassis.consumers.handlers import HandlerProcessor
from chassis.messaging.envelope import Direction, SagaReference
from chassis.outbox.outbox import Outbox
from chassis.tasks import end
from devkit.eventually import eventually


async def test_a_command_is_handled_and_answered_on_the_channel_it_names(
    ledger: Any, note: Any
) -> None:
    saga = SagaReference(
        saga_type="Audit", saga_id=uuid4(), step="note", direction=Direction.ACTION
    )
    command = note("a", 1, reply_to="asker.replies", saga=saga)
    await ledger.start()

    await ledger.send(command)

    [reply] = await eventually(lambda: ledger.rows("SELECT subject, key, headers FROM outbox"))
    assert reply.subject.startswith("asker.replies.")
    assert reply.key == str(saga.saga_id)
    headers = reply.headers.decode()
    assert "ce-type: ledger.Noted.v1\r\n" in headers
    assert "ce-outcome: success\r\n" in headers
    assert f"ce-causationid: {command.message_id}\r\n" in headers
    assert "ce-sagastep: note\r\n" in headers


async def test_a_message_that_comes_twice_is_handled_once(ledger: Any, note: Any) -> None:
    command = note("a", 1)
    await ledger.start()

    await ledger.send(command)
    await ledger.send(command, again="-redriven")
    await ledger.send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [1, 2]))


async def test_a_message_that_comes_twice_in_one_batch_is_handled_once(
    ledger: Any, note: Any
) -> None:
    command = note("a", 1)
    await ledger.send(command)
    await ledger.send(command, again="-redriven")
    await ledger.send(note("a", 2))

    await ledger.start()

    await eventually(lambda: _is(ledger.notes(), [1, 2]))


async def test_a_failing_message_holds_up_its_own_key_and_no_other(ledger: Any, note: Any) -> None:
    ledger.failing = {1: 3}
    for number, account in enumerate("aabb", start=1):
        await ledger.send(note(account, number))

    await ledger.start()

    await eventually(lambda: _is(ledger.notes("b"), [3, 4]))
    assert await ledger.notes("a") == []
    await eventually(lambda: _is(ledger.notes("a"), [1, 2]))
    assert await ledger.rows("SELECT * FROM deferred_messages") == []


async def test_a_message_that_keeps_failing_becomes_a_dead_letter_and_its_key_goes_on(
    ledger: Any, note: Any
) -> None:
    ledger.failing = {1: 99}
    await ledger.send(note("a", 1))
    await ledger.send(note("a", 2))

    await ledger.start()

    await eventually(lambda: _is(ledger.notes(), [2]))
    [letter] = await ledger.rows("SELECT reason, error, attempts, key FROM dead_letters")
    assert letter == ("retries-exhausted", "RuntimeError: 1 is made to fail", 3, "a")


async def test_a_body_that_is_not_json_is_a_dead_letter_at_once(ledger: Any, note: Any) -> None:
    command = note("a", 1)
    await ledger.start()

    await ledger.publish(command, dict(command.headers("asker-service")), b"{no json")
    await ledger.send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [2]))
    [letter] = await ledger.rows("SELECT reason, body, message_id FROM dead_letters")
    assert letter == ("unreadable", b"{no json", command.message_id)


async def test_a_message_without_headers_is_a_dead_letter_at_once(ledger: Any, note: Any) -> None:
    await ledger.start()

    await ledger.publish(note("a", 1), {"x-from": "stranger"}, b"{}")
    await ledger.send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [2]))
    [letter] = await ledger.rows("SELECT reason, error, headers FROM dead_letters")
    assert letter == ("malformed", "the header 'ce-id' is missing", {"x-from": "stranger"})


@pytest.mark.parametrize("header", ["ce-subject", "ce-correlationid", "ce-type"])
async def test_a_header_that_the_database_has_no_place_for_stops_nobody(
    ledger: Any, note: Any, header: str
) -> None:
    await ledger.start()

    command = note("a", 1)
    headers = dict(command.headers("asker-service")) | {header: "a\0b"}
    await ledger.publish(command, headers, command.message.to_body())
    await ledger.send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [2]))
    assert await ledger.rows("SELECT reason FROM dead_letters") == [("malformed",)]


@pytest.mark.parametrize("told", ["a\0b", "a\ud800b"])
async def test_an_error_that_the_database_has_no_place_for_is_kept_without_it(
    ledger: Any, note: Any, told: str
) -> None:
    async def fail(command: Any) -> None:
        if command.number == 1:
            raise RuntimeError(told)

    ledger.before = fail
    await ledger.start()

    await ledger.send(note("a", 1))
    await ledger.send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [2]))
    assert await ledger.rows("SELECT error FROM dead_letters") == [("RuntimeError: a\ufffdb",)]


async def test_a_type_that_nobody_handles_yet_waits_and_uses_up_no_attempt(
    ledger: Any, note: Any
) -> None:
    old_release = HandlerProcessor((), Outbox.__new__(Outbox))
    running = await ledger.start(old_release)
    await ledger.send(note("a", 1))
    await ledger.send(note("a", 2))
    await eventually(lambda: ledger.rows("SELECT id FROM deferred_messages WHERE error <> ''"))
    waiting = await ledger.rows("SELECT reason, attempts FROM deferred_messages ORDER BY id")
    assert waiting[0] == ("unknown-type", 0)
    await running.stop()

    await ledger.start()

    await eventually(lambda: _is(ledger.notes(), [1, 2]))
    assert await ledger.rows("SELECT * FROM dead_letters") == []


async def test_what_a_killed_process_had_in_hand_is_handled_before_what_came_later(
    ledger: Any, note: Any
) -> None:
    """A process dies with messages delivered and not acknowledged; newer ones wait."""
    for number in range(1, 21):
        await ledger.send(note("a", number))
    stuck = asyncio.Event()

    async def never(_: Any) -> None:
        stuck.set()
        await asyncio.Event().wait()

    ledger.before = never
    await ledger.start()
    await stuck.wait()
    await _kill(ledger.runtimes.pop())
    ledger.before = None
    for number in range(21, 31):
        await ledger.send(note("a", number))

    await ledger.start()

    await eventually(lambda: _is(ledger.notes(), list(range(1, 31))))


async def test_two_processes_share_the_partitions_and_keep_the_order_of_each_key(
    ledger: Any, note: Any
) -> None:
    accounts = [f"account-{n}" for n in range(20)]
    first = await ledger.start()
    for number in range(10):
        for account in accounts:
            await ledger.send(note(account, number))
        if number == 3:
            await ledger.start()
        if number == 7:
            await first.stop()

    async def everything() -> bool:
        return len(await ledger.notes()) == 10 * len(accounts)

    await eventually(everything)
    for account in accounts:
        assert await ledger.notes(account) == list(range(10))


async def _is(found: Any, expected: list[int]) -> bool:
    return bool(await found == expected)


async def _kill(runtime: Any) -> None:
    """End a runtime as SIGKILL would: nothing is finished, given back or said."""
    tasks = [*runtime._tasks, *(feed._keeper for feed in runtime._feeds.values())]
    for feed in runtime._feeds.values():
        await feed._subscription.unsubscribe()
    await end(*tasks)
    await runtime._leases.close()
