"""What charts and NATS are told of a service's messaging declaration."""

from chassis.messaging.permissions import platform_users
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, events, replies
from chassis.messaging.values import messaging_values

COMMANDS = commands("depot", partitions=2)
DEPOT = ServiceTopology(
    service="depot-service",
    context="depot",
    streams=(Stream(channel=COMMANDS), Stream(channel=events("depot", partitions=8))),
    consumers=(Consumer(service="depot-service", channel=COMMANDS),),
    sends_to=(replies("shop"),),
)


def test_a_chart_gets_streams_durables_and_what_the_relay_publishes():
    assert messaging_values(DEPOT) == {
        "streams": [
            {"name": "depot-commands", "subjects": ["depot.commands.>"], "partitions": 2},
            {"name": "depot-events", "subjects": ["depot.events.>"], "partitions": 8},
        ],
        "consumers": [
            {"stream": "depot-commands", "durables": ["depot-service-0", "depot-service-1"]}
        ],
        "publishes": ["depot.events.>", "shop.replies.>"],
    }


def test_a_service_may_read_its_durables_and_send_nothing():
    service, _, _ = platform_users([DEPOT])

    assert service.name == "depot-service"
    assert service.publish[:4] == (
        "$JS.API.CONSUMER.INFO.depot-commands.depot-service-0",
        "$JS.API.CONSUMER.MSG.NEXT.depot-commands.depot-service-0",
        "$JS.ACK.depot-commands.depot-service-0.>",
        "$JS.ACK.*.*.depot-commands.depot-service-0.>",
    )
    assert len(service.publish) == 8
    assert service.subscribe == ("_INBOX_depot-service.>",)


def test_a_relay_may_send_on_the_declared_channels_and_read_nothing():
    _, relay, _ = platform_users([DEPOT])

    assert relay.name == "depot-service-relay"
    assert relay.publish == ("depot.events.>", "shop.replies.>", "$JS.API.STREAM.NAMES")
    assert relay.subscribe == ("_INBOX_depot-service-relay.>",)


def test_only_the_provisioner_makes_streams_and_durables_and_nobody_deletes_them():
    *others, provisioner = platform_users([DEPOT])

    assert provisioner.name == "provisioner"
    assert not [s for user in others for s in user.publish if "CREATE" in s or "UPDATE" in s]
    everything = [s for user in (*others, provisioner) for s in user.publish]
    assert not [s for s in everything if "DELETE" in s or "PURGE" in s]
