"""Being told that there is something to read, by a plain subscription that hears one message.

Content is ignored, and what was missed is found by polling. It is armed anew before each look into
the stream, so that under load it costs one message a look and not one an event.
"""

from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from chassis.bell import Bell

_ONE: Final = 1


class Doorbell:
    """Rings a bell at the next message on a subject after it was armed."""

    def __init__(self, client: Client, subject: str, bell: Bell) -> None:
        self._client = client
        self._subject = subject
        self._bell = bell
        self._armed: Subscription | None = None

    @property
    def armed(self) -> bool:
        return self._armed is not None

    async def arm(self) -> None:
        """Listen for one message; does nothing while it listens already."""
        if self._armed is None:
            self._armed = await self._client.subscribe(self._subject, cb=self._ring)
            await self._armed.unsubscribe(limit=_ONE)

    async def close(self) -> None:
        armed, self._armed = self._armed, None
        if armed is not None and not self._client.is_closed:
            await armed.unsubscribe()

    async def _ring(self, _message: Msg) -> None:
        self._armed = None
        self._bell.ring()
