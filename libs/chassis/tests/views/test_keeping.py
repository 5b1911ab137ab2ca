"""What a view's readers can rely on while events come in."""

from typing import Any

import pytest

from chassis.messaging.envelope import OutgoingMessage
from chassis.views import ViewNotReadyError
from devkit.eventually import eventually


async def test_what_has_happened_before_and_after_the_start_is_shown(
    library: Any, said: Any
) -> None:
    before = await library.publish(
        said.lent(reader="ann", book="dune"), said.named(book="dune", title="Dune")
    )
    kept = await library.keep()
    await library.until_shown(kept, *before)
    after = await library.publish(
        said.lent(reader="bob", book="emma"), said.returned(reader="ann", book="dune")
    )

    await library.until_shown(kept, *after)

    assert await library.loans() == [("bob", "emma", 1)]
    assert await library.books() == [("dune", "Dune"), ("emma", None)]


async def test_the_events_of_a_key_are_applied_in_order_however_many_come_together(
    library: Any, said: Any
) -> None:
    readers = [f"reader-{n}" for n in range(7)]
    ids = []
    for day in range(1, 12):
        for reader in readers:
            ids += await library.publish(said.lent(reader=reader, book="dune", day=day))
    for reader in readers[:2]:
        ids += await library.publish(said.left(reader=reader))
    ids += await library.publish(said.lent(reader=readers[0], book="emma", day=20))

    kept = await library.keep()
    await library.until_shown(kept, *ids)

    assert await library.loans() == [
        (readers[0], "emma", 20),
        *((reader, "dune", 11) for reader in readers[2:]),
    ]


async def test_an_event_that_is_in_the_stream_twice_is_applied_once(
    library: Any, said: Any
) -> None:
    lent = OutgoingMessage(message=said.lent(reader="ann", book="dune"), key="ann")
    kept = await library.keep()
    await library.send(lent)
    returned = await library.publish(said.returned(reader="ann", book="dune"))
    await library.until_shown(kept, *returned)
    await library.send(lent, again="-redriven")
    last = await library.publish(said.lent(reader="ann", book="emma"))

    await library.until_shown(kept, *last)

    assert await library.loans() == [("ann", "emma", 1)]


async def test_an_event_that_is_twice_in_one_batch_is_applied_once(library: Any, said: Any) -> None:
    lent = OutgoingMessage(message=said.lent(reader="ann", book="dune"), key="ann")
    await library.send(lent)
    await library.publish(said.returned(reader="ann", book="dune"))
    await library.send(lent, again="-redriven")
    last = await library.publish(said.lent(reader="ann", book="emma"))

    kept = await library.keep()
    await library.until_shown(kept, *last)

    assert await library.loans() == [("ann", "emma", 1)]


async def test_events_that_the_view_does_not_show_count_as_taken_in(
    library: Any, said: Any
) -> None:
    kept = await library.keep()
    ids = await library.publish(said.greeted(reader="ann"))

    await library.until_shown(kept, *ids)

    assert await library.loans() == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"day": 13}, "not-projected"),  # the projection fails
        ({"day": 2**40}, "not-projected"),  # the database refuses it
        ({"body": b"{no json"}, "unreadable"),
    ],
)
async def test_a_bad_event_is_a_dead_letter_and_the_others_are_applied(
    library: Any, said: Any, bad: dict[str, Any], reason: str
) -> None:
    body = bad.pop("body", None)
    before = await library.publish(*(said.lent(reader="ann", book=f"book-{n}") for n in range(5)))
    event = OutgoingMessage(message=said.lent(reader="ann", book="bad", **bad), key="ann")
    await library.send(event, body=body)
    after = await library.publish(*(said.lent(reader="ann", book=f"book-{n}") for n in range(5, 9)))

    kept = await library.keep()
    await library.until_shown(kept, *before, *after)

    assert [book for _, book, _ in await library.loans()] == [f"book-{n}" for n in range(9)]
    letters = await library.sql("SELECT consumer, reason, message_id FROM dead_letters")
    assert letters == [("shelf@1", reason, event.message_id)]


async def test_a_dead_letter_of_a_view_says_what_is_wrong_and_not_what_was_said(
    library: Any, said: Any
) -> None:
    event = OutgoingMessage(message=said.lent(reader="ann", book="dune"), key="ann%20lee")
    body = b'{"reader": "ann lee", "book": "dune", "day": "a secret"}'
    await library.send(event, body=body)
    after = await library.publish(said.lent(reader="ann", book="emma"))

    await library.until_shown(await library.keep(), *after)

    [(key, error)] = await library.sql("SELECT key, error FROM dead_letters")
    assert error.startswith("day: ")
    assert "a secret" not in error
    assert key == "ann lee"


async def test_a_view_that_has_not_caught_up_yet_is_not_read(library: Any, said: Any) -> None:
    with pytest.raises(ViewNotReadyError, match="being built"):
        await library.loans()
    kept = await library.keep()
    ids = await library.publish(said.lent(reader="ann", book="dune"))
    await library.until_shown(kept, *ids)
    await kept.check_ready()


async def test_processes_share_the_partitions_and_hand_them_over(library: Any, said: Any) -> None:
    first = await library.keep()
    await library.until_shown(first, *await library.publish(said.lent(reader="ann", book="dune")))
    second = await library.keep()

    async def shared() -> bool:
        held = await library.sql(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        )
        return bool(held == [(2,)])

    await eventually(shared, within=60)
    readers = [f"reader-{n}" for n in range(10)]
    ids = await library.publish(*(said.lent(reader=reader, book="emma") for reader in readers))
    await library.end(0)
    ids += await library.publish(*(said.lent(reader=reader, book="dune") for reader in readers))

    await library.until_shown(second, *ids)

    assert len(await library.loans()) == 21
