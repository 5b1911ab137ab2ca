"""Real HTTP servers that stand in for services, well or badly behaved, on ports of their own."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from devkit.ports import LOOPBACK

Behaviour = Callable[[Request], Awaitable[Response]]


class StandIns:
    """One server for all of them: a service's base URL ends in its name.

    A service answers as it was last told to by `behave`; `heard` are the requests to each.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._behaviours: dict[str, Behaviour] = {}
        self.heard: defaultdict[str, list[Request]] = defaultdict(list)

    def url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self._port}/{service}"

    def behave(self, service: str, behaviour: Behaviour) -> None:
        self._behaviours[service] = behaviour

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        _, service, *rest = scope["path"].split("/")
        request = Request({**scope, "path": "/".join(("", *rest))}, receive)
        await request.body()
        self.heard[service].append(request)
        answer = await self._behaviours[service](request)
        await answer(scope, receive, send)


@asynccontextmanager
async def stand_ins() -> AsyncIterator[StandIns]:
    with socket.create_server((LOOPBACK, 0)) as listening:
        app = StandIns(listening.getsockname()[1])
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield app
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def raw_server(talk: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that speaks whatever `talk` writes when somebody connects; yields its URL."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def answering(body: object, status: int = 200, **headers: str) -> Behaviour:
    async def behaviour(_: Request) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return JSONResponse(body, status, headers=named)

    return behaviour


async def silent(request: Request) -> Response:
    """Say nothing until whoever asked has gone."""
    await request.receive()
    return Response()
