"""Serving the admin API beside the service, in its process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger(__name__)

_AGAIN_SECONDS: Final = 5.0


class AdminServer:
    """Serves an application on an address of its own until it is cancelled."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._app = app
        self._address = (host, port)

    async def run(self) -> None:
        """Serve; an address that is taken is told, and tried again."""
        while True:
            try:
                listener = socket.create_server(self._address, reuse_port=False)
            except OSError as error:
                log.error("admin API cannot listen", address=self._address, error=str(error))  # noqa: TRY400 - the message is all there is to say
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                await self._serve(listener)
                return

    async def _serve(self, listener: socket.socket) -> None:
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


class _Server(uvicorn.Server):
    """One that leaves signals to the service's own server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
