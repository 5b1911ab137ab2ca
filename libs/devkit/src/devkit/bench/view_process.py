"""A process that keeps the bench's view as a service does."""

import nats
import uvloop
from nats.aio.client import Client

from chassis.logs import configure_logs
from chassis.persistence.database import Database
from chassis.settings import read_setting
from chassis.views import KeptView
from devkit.bench.history_view import HISTORY, READER


async def keep() -> None:
    client = await nats.connect(read_setting("NATS_URL"), max_reconnect_attempts=-1)

    async def connected() -> Client:
        return client

    await KeptView(Database(read_setting("DATABASE_URL")), HISTORY, READER, connected).run()


if __name__ == "__main__":
    configure_logs("bench-view", "INFO", traced=False)
    uvloop.run(keep())
