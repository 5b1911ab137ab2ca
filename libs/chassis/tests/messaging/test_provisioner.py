"""Bringing JetStream to what the services declare."""

from dataclasses import replace
from datetime import timedelta

import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from chassis.messaging.provisioner import DriftError, Verb, make_plan, provision
from chassis.messaging.topology import (
    Consumer,
    ServiceTopology,
    Stream,
    TopologyError,
    commands,
    events,
)

COMMANDS = commands("depot", partitions=2)
EVENTS = Stream(channel=events("depot"))
DEPOT = ServiceTopology(
    service="depot-service",
    context="depot",
    streams=(Stream(channel=COMMANDS), EVENTS),
    consumers=(Consumer(service="depot-service", channel=COMMANDS),),
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
    assert "had more than 1 partitions" in refused.reason


async def test_a_sender_that_counts_other_partitions_than_the_owner_is_refused(
    jetstream: JetStreamContext,
) -> None:
    sender = ServiceTopology(
        service="shop-service", context="shop", sends_to=(commands("depot", partitions=8),)
    )

    with pytest.raises(TopologyError, match=r"shop-service uses depot\.commands with 8 partitions"):
        await provision(jetstream, [DEPOT, sender])
