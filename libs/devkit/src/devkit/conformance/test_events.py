"""Every service that reads events, with a consumer or for a view: once, in order, to the end."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.messaging.catalogue import Spoken, catalogue_of
from chassis.messaging.contracts import Event, Message
from devkit.conformance.correspondent import Correspondent, Notice, notice_for
from devkit.conformance.reading import Reader, consumes
from devkit.deployables import Deployable, relay_of, with_messaging
from devkit.eventually import eventually
from devkit.platform import Platform
from devkit.tracing.destination import SpanDestination

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="package")]

_MANY = 60
_TRACE_PARENT = "00-{}-b7ad6b7169203331-01"
CATALOGUES = {one: catalogue_of(one.package) for one in with_messaging()}
ORIGINALS: dict[str, type[Message]] = {
    message.wire_type: message for one in CATALOGUES.values() for message in one.owned
}


def named(one: object) -> str:
    return one.message.wire_name if isinstance(one, Spoken) else getattr(one, "name", "")


def read_events() -> Iterator[tuple[Deployable, Spoken]]:
    """Each event that some service reads, as its owner says it where that one is installed."""
    for service, catalogue in CATALOGUES.items():
        for read in catalogue.received:
            original = ORIGINALS.get(read.message.wire_type, read.message)
            if issubclass(original, Event):
                yield service, replace(read, message=original)


READ = list(read_events())
CONSUMED = [(service, read) for service, read in READ if consumes(service, read.channel)]
every_event = pytest.mark.parametrize(("service", "read"), READ, ids=named)
every_consumed_event = pytest.mark.parametrize(("service", "read"), CONSUMED, ids=named)
every_reader = pytest.mark.parametrize(
    ("service", "read"),
    list({(service, read.channel): (service, read) for service, read in READ}.values()),
    ids=named,
)


def made_up(read: Spoken) -> Notice:
    assert issubclass(read.message, Event)
    return notice_for(read.message, read.channel)


@every_event
async def test_an_event_that_comes_again_changes_nothing(
    service: Deployable, read: Spoken, platform: Platform, correspondent: Correspondent
) -> None:
    reader = Reader(service, platform, correspondent)
    notice = made_up(read)
    await reader.has_read(notice, await correspondent.tell(notice))

    async def effects() -> tuple[object, object]:
        if service.relay:
            await reader.has_sent_all()
        caused = correspondent.caused_by(notice.message_id, service.name)
        return await reader.rows_about(notice.event.key), [one.headers[h.ID] for one in caused]

    async def nothing_more() -> bool:
        before = await effects()
        again = await correspondent.tell(notice, **{h.NATS_MESSAGE_ID: str(new_id())})
        await reader.has_read(notice, again)  # past the broker, which knows only that header
        return await effects() == before

    # What the first one gave rise to elsewhere may come back meanwhile; that ends, repeats do not
    await eventually(nothing_more, within=60)


@every_consumed_event
async def test_what_an_event_gives_rise_to_names_it_and_carries_its_trace_on(
    service: Deployable,
    read: Spoken,
    platform: Platform,
    correspondent: Correspondent,
    spans: SpanDestination,
) -> None:
    reader = Reader(service, platform, correspondent)
    notice = made_up(read)
    trace_id = new_id().hex
    parent = {h.TRACE_PARENT: _TRACE_PARENT.format(trace_id)}
    await reader.has_read(notice, await correspondent.tell(notice, **parent))

    assert "unknown-type" not in await reader.waiting(notice.message_id)
    await eventually(lambda: service.name in _services_in(spans, trace_id))
    if service.relay:
        await reader.has_sent_all()
    for caused in correspondent.caused_by(notice.message_id, service.name):
        assert caused.headers[h.CORRELATION_ID] == str(notice.message_id)
        assert caused.headers[h.TRACE_PARENT].split("-")[1] == trace_id
        assert caused.headers[h.NATS_MESSAGE_ID] == caused.headers[h.ID]


@every_consumed_event
async def test_events_of_one_key_are_handled_in_their_order(
    service: Deployable,
    read: Spoken,
    platform: Platform,
    correspondent: Correspondent,
    spans: SpanDestination,
) -> None:
    reader = Reader(service, platform, correspondent)
    trace_id = new_id().hex
    first = made_up(read)
    notices = [first, *(replace(first, message_id=new_id()) for _ in range(9))]
    last = 0
    for notice in notices:
        last = await correspondent.tell(notice, **{h.TRACE_PARENT: _TRACE_PARENT.format(trace_id)})

    sent = [str(notice.message_id) for notice in notices]

    await reader.has_read(first, last)

    async def settled() -> bool:
        everything = set(_handled(spans, trace_id, service)) >= set(sent)
        return everything or bool(await reader.waiting(first.message_id))

    await eventually(settled, within=60)
    await eventually(lambda: sent[0] in _handled(spans, trace_id, service))
    handled = [one for one in _handled(spans, trace_id, service) if one in sent]
    waits = await reader.waiting(first.message_id)  # asked after: as long as it does, all do
    assert handled == (sent[:1] if waits else sent[: len(handled)])
    assert await reader.inbox([notice.message_id for notice in notices]) == len(notices)


@every_reader
async def test_an_event_that_cannot_be_read_is_a_dead_letter_and_stops_nobody(
    service: Deployable, read: Spoken, platform: Platform, correspondent: Correspondent
) -> None:
    reader = Reader(service, platform, correspondent)
    notice = made_up(read)
    broken = replace(notice, message_id=new_id())
    await correspondent.publish(notice.channel, notice.subject, b"no JSON", broken.headers)

    await reader.has_read(notice, await correspondent.tell(notice))

    assert await reader.dead(broken.message_id) == ["unreadable"]
    assert "unreadable" not in await reader.dead(notice.message_id)


@every_reader
async def test_asked_to_end_it_reads_every_event_all_the_same(
    service: Deployable, read: Spoken, platform: Platform, correspondent: Correspondent
) -> None:
    reader = Reader(service, platform, correspondent)
    processes = [service.name, *([relay_of(service.name)] if service.relay else [])]
    restarts = {name: platform.supervisor.restarts(name) for name in processes}
    told: list[tuple[Notice, int]] = []
    for number in range(_MANY):
        notice = made_up(read)
        told.append((notice, await correspondent.tell(notice)))
        if number == _MANY // 2:
            for name in processes:
                os.kill(platform.supervisor.pids[name], signal.SIGTERM)

    def came_back() -> bool:
        return all(platform.supervisor.restarts(name) > restarts[name] for name in processes)

    await eventually(came_back, within=60)
    for notice, sequence in told:
        await reader.has_read(notice, sequence)
    if consumes(service, read.channel):
        assert await reader.inbox([notice.message_id for notice, _ in told]) == len(told)
    if service.relay:
        await reader.has_sent_all()


def _services_in(spans: SpanDestination, trace_id: str) -> list[str]:
    assert spans.spans is not None
    trace = spans.spans.trace(trace_id)
    return trace.services if trace else []


def _handled(spans: SpanDestination, trace_id: str, service: Deployable) -> list[str]:
    """Ids of the trace's messages in the order in which the service began with each."""
    assert spans.spans is not None
    trace = spans.spans.trace(trace_id)
    own = (one for one in (trace.spans if trace else ()) if one.service == service.name)
    return list(dict.fromkeys(str(one.attributes.get("messaging.message.id")) for one in own))
