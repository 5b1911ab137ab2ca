"""What follows from a failure: a stream rests, a key is tried again and then parked."""

import logging
from typing import Final

from chassis.relay.holds import Holds
from chassis.relay.publishing.outcome import Outcome, Refused
from chassis.relay.rows import Refusal

log = logging.getLogger(__name__)

ATTEMPTS: Final = 4
"""Spread over almost two seconds: the stream may be about to be made."""


class Failures:
    """Remembers, between batches, which channels and keys to leave alone and for how long."""

    def __init__(self) -> None:
        self._channels = Holds(first=0.1, longest=5.0)
        self._keys = Holds(first=0.25, longest=1.0)

    @property
    def held_channels(self) -> list[str]:
        """The channels whose streams rest."""
        return self._channels.names()

    @property
    def held_keys(self) -> list[str]:
        return self._keys.names()

    def seconds_to_next_try(self) -> float | None:
        """When the next channel or key is due again; None if none is held."""
        waits = (self._channels.seconds_to_next_release(), self._keys.seconds_to_next_release())
        return min((wait for wait in waits if wait is not None), default=None)

    def note(self, outcome: Outcome) -> list[Refusal]:
        """Take an outcome in and return the rows whose keys are to be parked now."""
        self._note_successes(outcome)
        for channel, error in outcome.delayed.items():
            if self._channels.fail(channel) == 1:
                log.warning("stream delayed", extra={"channel": channel, "error": error})
        refusals = [self._refusal(refused) for refused in outcome.refused]
        return [refusal for refusal in refusals if refusal is not None]

    def _note_successes(self, outcome: Outcome) -> None:
        if not self._channels and not self._keys:
            return
        published = (*outcome.stored, *outcome.duplicates)
        for channel in {row.channel for row in published} - outcome.delayed.keys():
            if self._channels.clear(channel):
                log.info("stream goes on", extra={"channel": channel})
        for key in {row.key for row in published}:
            self._keys.clear(key)

    def _refusal(self, refused: Refused) -> Refusal | None:
        attempts = self._keys.fail(refused.row.key)
        if not refused.final and attempts < ATTEMPTS:
            return None
        self._keys.clear(refused.row.key)
        log.error(
            "key parked",
            extra={
                "key": refused.row.key,
                "outbox_id": refused.row.id,
                "subject": refused.row.subject,
                "attempts": attempts,
                "error": refused.error,
            },
        )
        return Refusal(row=refused.row, error=refused.error, attempts=attempts)
