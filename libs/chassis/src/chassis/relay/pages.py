"""What the relay answers over HTTP."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.leases import LeasesLostError
from chassis.relay.http import Page, Pages
from chassis.relay.metrics import RelayMetrics
from chassis.relay.store import OutboxStore

SURVEY_SECONDS: Final = 20.0
"""A scrape queries the database at most so often: an idle relay costs next to nothing."""
SILENCE_SECONDS: Final = 60.0


class RelayPages:
    """`turned_at` tells when the relay's loop last came round, on the monotonic clock."""

    def __init__(
        self, *, store: OutboxStore, metrics: RelayMetrics, turned_at: Callable[[], float]
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._turned_at = turned_at
        self._surveyed_at = 0.0

    @property
    def pages(self) -> Pages:
        return {"/metrics": self._scrape, "/livez": self._livez}

    async def _scrape(self) -> Page:
        now = time.monotonic()
        if now >= self._surveyed_at + SURVEY_SECONDS:
            try:
                self._metrics.surveyed(await self._store.survey())
                self._surveyed_at = now
            except LeasesLostError:  # the gauges keep their last values until the database is back
                pass
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._metrics.registry)

    async def _livez(self) -> Page:
        silence = time.monotonic() - self._turned_at()
        if silence > SILENCE_SECONDS:
            body = f"the loop has been silent for {silence:.0f} s\n".encode()
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", body
        return HTTPStatus.OK, "text/plain", b"ok\n"
