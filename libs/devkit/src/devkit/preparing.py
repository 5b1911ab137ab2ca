"""Tables and streams, before any service starts.

In this process: a program for each database would spend most of its time on imports. In a cluster
`chassis migrate` and `chassis provision` do the same as jobs.
"""

import asyncio
from collections.abc import Mapping, Sequence

import nats
from alembic.util import CommandError
from nats.errors import Error as NatsError
from sqlalchemy.exc import SQLAlchemyError

from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import PROVISIONER
from chassis.messaging.provisioner import DriftError, MissingStreamError, provision
from chassis.messaging.topology import ServiceTopology, TopologyError
from chassis.persistence.migrations import upgrade


class NotPreparedError(RuntimeError):
    """A database could not be migrated, or JetStream not be provisioned; the message says why."""


async def migrate(urls: Mapping[str, str]) -> None:
    """Bring the database of each package to its newest revision; raises NotPreparedError."""
    for package, url in urls.items():  # Alembic keeps its context in globals: one at a time
        try:
            await asyncio.to_thread(upgrade, package, url)
        except (CommandError, OSError, SQLAlchemyError) as error:
            raise NotPreparedError(f"migrating the database of {package}: {error}") from error


async def provision_streams(url: str, topologies: Sequence[ServiceTopology]) -> None:
    """Make streams and consumers as they are declared; raises NotPreparedError."""
    client = await nats.connect(url, inbox_prefix=inbox_prefix(PROVISIONER))
    try:
        await provision(client.jetstream(), topologies)
    except (DriftError, MissingStreamError, TopologyError, NatsError) as error:
        raise NotPreparedError(f"provisioning JetStream: {error!r}") from error
    finally:
        await client.close()
