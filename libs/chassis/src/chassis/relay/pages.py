"""What the relay answers over HTTP."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.metrics.refresh import Refresh
from chassis.relay.http import Page, Pages
from chassis.relay.metrics import RelayMetrics
from chassis.relay.store import DATABASE_ERRORS, OutboxStore

SILENCE_SECONDS: Final = 60.0


class RelayPages:
    """`turned_at` tells when the relay's loop last came round, on the monotonic clock."""

    def __init__(
        self, *, store: OutboxStore, metrics: RelayMetrics, turned_at: Callable[[], float]
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._turned_at = turned_at
        self._refresh = Refresh(self._survey)

    @property
    def pages(self) -> Pages:
        return {"/metrics": self._scrape, "/livez": self._livez}

    async def _scrape(self) -> Page:
        await self._refresh()
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._metrics.registry)

    async def _survey(self) -> None:
        try:
            survey = await self._store.survey()
        except DATABASE_ERRORS:
            self._metrics.surveyed(None)
            raise
        self._metrics.surveyed(survey)

    async def _livez(self) -> Page:
        silence = time.monotonic() - self._turned_at()
        if silence > SILENCE_SECONDS:
            body = f"the loop has been silent for {silence:.0f} s\n".encode()
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", body
        return HTTPStatus.OK, "text/plain", b"ok\n"
