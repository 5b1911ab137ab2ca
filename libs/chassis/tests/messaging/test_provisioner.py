"""Bringing JetStream to what the services declare."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from chassis.messaging.jetstream import stream_config
from chassis.messaging.provisioner import (
    DriftError,
    MissingStreamError,
    Verb,
    make_plan,
    provision,
)
from chassis.messaging.topology import (
    Consumer,
    ServiceTopology,
    Stream,
    TopologyError,
    commands,
    events,
)

COMMANDS = commands("depot", partitions=2)
EVENTS = Stream(channel=events("depot", partitions=2))
DEPOT = ServiceTopology(
    service="depot-service",
    context="depot",
    streams=(Stream(channel=COMMANDS), EVENTS),
    consumers=(Consumer(service="depot-service", channel=COMMANDS),),
)
SHOP = ServiceTopology(
    service="shop-service",
    context="shop",
    streams=(Stream(channel=events("shop")),),
    consumers=(Consumer(service="shop-service", channel=EVENTS.channel, names=("Moved",)),),
)


async def test_streams_and_a_durable_for_each_partition_are_created(
    jetstream: JetStreamContext,
) -> None:
    await provision(jetstream, [DEPOT])

    stream = await jetstream.stream_info("depot-commands")
    assert stream.config.subjects == ["depot.commands.>"]
    assert (stream.config.retention, stream.config.discard) == ("workqueue", "new")
    assert (await jetstream.stream_info("depot-events")).config.retention == "limits"
    for partition in range(2):
        durable = await jetstream.consumer_info("depot-commands", f"depot-service-{partition}")
        assert durable.config.filter_subjects == [f"depot.commands.*.{partition}"]
        assert durable.config.max_deliver == -1


async def test_a_second_run_changes_nothing(jetstream: JetStreamContext) -> None:
    await provision(jetstream, [DEPOT])

    plan = await provision(jetstream, [DEPOT])

    assert {action.verb for action in plan} == {Verb.KEEP}


async def test_a_harmless_change_is_made(jetstream: JetStreamContext) -> None:
    await provision(jetstream, [DEPOT])
    slower = replace(DEPOT.consumers[0], ack_wait=timedelta(seconds=45))

    plan = await provision(jetstream, [replace(DEPOT, consumers=(slower,))])

    assert {a.reason for a in plan if a.verb is Verb.UPDATE} == {"ack_wait"}
    info = await jetstream.consumer_info("depot-commands", "depot-service-0")
    assert info.config.ack_wait == 45


async def test_a_stream_from_before_there_were_views_can_be_read_by_them_and_loses_nothing(
    jetstream: JetStreamContext,
) -> None:
    before = replace(stream_config(EVENTS), allow_direct=False)
    await jetstream.add_stream(before)
    await jetstream.publish("depot.events.Moved.0", b"x")

    plan = await provision(jetstream, [DEPOT])

    assert {a.reason for a in plan if a.verb is Verb.UPDATE} == {"allow_direct"}
    info = await jetstream.stream_info("depot-events")
    assert (info.config.allow_direct, info.state.messages) == (True, 1)


async def test_what_would_lose_messages_is_refused_and_nothing_at_all_is_changed(
    jetstream: JetStreamContext,
) -> None:
    await provision(jetstream, [DEPOT])
    await jetstream.publish("depot.events.Moved.0", b"x")
    brief = Stream(channel=EVENTS.channel, max_age=timedelta(seconds=1))
    newcomer = Stream(channel=events("newcomer"))
    changed = replace(DEPOT, streams=(newcomer, DEPOT.streams[0], brief))

    with pytest.raises(DriftError, match=r"depot-events: max_age would fall to 1\.0 s"):
        await provision(jetstream, [changed])

    with pytest.raises(NotFoundError):
        await jetstream.stream_info("newcomer-events")


async def test_fewer_partitions_are_refused(jetstream: JetStreamContext) -> None:
    await provision(jetstream, [DEPOT])
    narrow = commands("depot", partitions=1)
    changed = replace(
        DEPOT,
        streams=(Stream(channel=narrow),),
        consumers=(Consumer(service="depot-service", channel=narrow),),
    )

    plan = await make_plan(jetstream, [changed])

    [refused] = [action for action in plan if action.verb is Verb.REFUSE]
    assert "had 2 partitions, more than 1" in refused.reason


async def test_more_partitions_are_refused_while_keys_have_messages_under_way(
    jetstream: JetStreamContext,
) -> None:
    await provision(jetstream, [DEPOT])
    wide = ServiceTopology(
        service="depot-service",
        context="depot",
        streams=(Stream(channel=commands("depot", partitions=4)),),
    )
    await jetstream.publish("depot.commands.Move.0", b"x")
    with pytest.raises(DriftError, match="it has messages in 2 partitions"):
        await provision(jetstream, [wide])

    await jetstream.purge_stream("depot-commands")

    [update] = await provision(jetstream, [wide])
    assert (update.verb, update.reason) == (Verb.UPDATE, "metadata")


async def test_a_service_provisioned_alone_waits_for_the_streams_that_it_reads_of_others(
    jetstream: JetStreamContext,
) -> None:
    with pytest.raises(MissingStreamError, match="depot-events: shop-service reads it"):
        await provision(jetstream, [SHOP])
    assert await jetstream.stream_info("shop-events")

    await provision(jetstream, [DEPOT])

    created = [a.name for a in await provision(jetstream, [SHOP]) if a.verb is Verb.CREATE]
    assert created == ["depot-events → shop-service-0", "depot-events → shop-service-1"]
    durable = await jetstream.consumer_info("depot-events", "shop-service-1")
    assert durable.config.filter_subjects == ["depot.events.Moved.1"]


@pytest.mark.parametrize(
    "stranger",
    [
        replace(SHOP, consumers=(Consumer(service="shop-service", channel=events("depot", 3)),)),
        replace(SHOP, consumers=(), sends_to=(commands("depot", 3),)),
    ],
    ids=["reader", "sender"],
)
async def test_who_counts_other_partitions_than_the_owner_is_refused_though_the_owner_is_absent(
    jetstream: JetStreamContext, stranger: ServiceTopology
) -> None:
    await provision(jetstream, [DEPOT])

    with pytest.raises(DriftError, match="with 3 partitions, its owner declares 2"):
        await provision(jetstream, [stranger])


async def test_provisioners_at_the_same_time_do_each_other_no_harm(
    jetstream: JetStreamContext,
) -> None:
    await asyncio.gather(*(provision(jetstream, [DEPOT, SHOP]) for _ in range(8)))

    assert {a.verb for a in await provision(jetstream, [DEPOT, SHOP])} == {Verb.KEEP}


async def test_a_sender_that_counts_other_partitions_than_the_owner_is_refused(
    jetstream: JetStreamContext,
) -> None:
    sender = ServiceTopology(
        service="shop-service", context="shop", sends_to=(commands("depot", partitions=8),)
    )

    with pytest.raises(TopologyError, match=r"shop-service uses depot\.commands with 8 partitions"):
        await provision(jetstream, [DEPOT, sender])
