"""Between Pact's verifier, which asks over HTTP from its own thread, and a test's own functions.

They run in the test's event loop, where its database is.
"""

import asyncio
import base64
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvicorn
from pact import Verifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from devkit.contracts.wire import JSON, WireMessage
from devkit.ports import LOOPBACK

_MESSAGES: Final = "/messages"
_STATES: Final = "/states"

Produce = Callable[[Mapping[str, Any]], Awaitable[WireMessage]]
"""Makes what the verifier asks for; a command stands in `request`."""
ChangeState = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]
"""State, action (`setup` or `teardown`), parameters."""


async def verify(
    provider: str,
    produce: Produce,
    change_state: ChangeState,
    source: Callable[[Verifier], object],
) -> list[dict[str, Any]]:
    """Run Pact's verifier on what `source` gives it; its result for each interaction."""
    os.environ["PACT_DO_NOT_TRACK"] = "true"  # it would tell its makers of every run
    relay = _Relay(produce, change_state)
    async with _served(relay) as port:
        found = await asyncio.to_thread(_execute, provider, port, source)
    return [one | relay.failure_of(one["description"]) for one in found]


def add_file(path: Path) -> Callable[[Verifier], object]:
    return lambda verifier: verifier.add_source(path)


@dataclass(slots=True)
class _Relay:
    """Runs what the verifier asks for; what goes wrong is told with the interaction."""

    produce: Produce
    change_state: ChangeState
    failed_state: str = ""
    failures: dict[str, str] = field(default_factory=dict)

    def failure_of(self, description: str) -> dict[str, Any]:
        """In the form of the verifier's own mismatches."""
        told = self.failures.get(description)
        return {} if told is None else {"result": "Error", "mismatch": {"message": told}}

    async def message(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        try:
            if self.failed_state:
                return self._failed(asked, self.failed_state)
            made = await self.produce(asked)
        except Exception as error:  # noqa: BLE001 - a use case may raise anything
            return self._failed(asked, _told(error))
        metadata = base64.b64encode(json.dumps(made.metadata()).encode()).decode()
        return Response(made.body, media_type=JSON, headers={"Pact-Message-Metadata": metadata})

    async def state(self, request: Request) -> Response:
        """Never refuses: the verifier would ask again for two minutes."""
        asked = json.loads(await request.body())
        if asked["action"] == "teardown":
            self.failed_state = ""
        try:
            await self.change_state(asked["state"], asked["action"], asked.get("params") or {})
        except Exception as error:  # noqa: BLE001 - a use case may raise anything
            self.failed_state = _told(error)
        return Response()

    def _failed(self, asked: Mapping[str, Any], why: str) -> Response:
        self.failures[asked["description"]] = why
        return PlainTextResponse(why, 500)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _execute(
    provider: str, port: int, source: Callable[[Verifier], object]
) -> list[dict[str, Any]]:
    verifier = Verifier(provider, LOOPBACK)
    verifier.add_transport(protocol="message", port=port, path=_MESSAGES, scheme="http")
    verifier.state_handler(f"http://{LOOPBACK}:{port}{_STATES}", teardown=True, body=True)
    verifier.set_error_on_empty_pact(enabled=True)
    source(verifier)
    with suppress(RuntimeError):  # what it found says more
        verifier.verify()
    found: list[dict[str, Any]] = verifier.results["interactionResults"]
    return found


@asynccontextmanager
async def _served(relay: _Relay) -> AsyncIterator[int]:
    routes = [
        Route(_MESSAGES, relay.message, methods=["POST"]),
        Route(_STATES, relay.state, methods=["POST"]),
    ]
    with socket.create_server((LOOPBACK, 0)) as listening:
        config = uvicorn.Config(
            Starlette(routes=routes), log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving
