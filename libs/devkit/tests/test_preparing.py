"""What has to be there before a service starts."""

import pytest

from chassis.messaging.topology import ServiceTopology, Stream, commands
from devkit.preparing import NotPreparedError, migrate, provision_streams

pytestmark = pytest.mark.real

DEPOT = ServiceTopology(
    service="depot-service", context="depot", streams=(Stream(channel=commands("depot")),)
)


async def test_a_database_that_refuses_its_migrations_is_named(database) -> None:
    with pytest.raises(NotPreparedError, match="the database of order_service"):
        await migrate({"order_service": database.relay_url})


async def test_streams_are_there_afterwards_and_contradictions_are_told(
    jetstream, nats_url: str
) -> None:
    await provision_streams(nats_url, [DEPOT])
    assert (await jetstream.stream_info("depot-commands")).config.subjects

    with pytest.raises(NotPreparedError, match=r"provisioning JetStream: .*depot"):
        await provision_streams(nats_url, [DEPOT, DEPOT])
