"""Looking into an outbox, where no relay takes anything away."""

from chassis.messaging.envelope import ReceivedMessage
from chassis.persistence.database import Database, fetch_all

_SHOW = "SELECT headers, body FROM outbox ORDER BY id"


async def outbox_messages(database: Database) -> list[ReceivedMessage]:
    """Everything that was published and not relayed, in its order, as a consumer would read it."""
    async with database.sessions() as session:
        rows = await fetch_all(session, _SHOW)
    return [ReceivedMessage.read(read_header_block(headers), body) for headers, body in rows]


def read_header_block(block: bytes) -> dict[str, str]:
    """The headers of an outbox row, as NATS gives them to a consumer."""
    lines = block.decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)
