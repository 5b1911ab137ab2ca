"""Answers to "is it ready?"."""

import asyncio

import httpx

from devkit.embedded.server import EmbeddedServer
from devkit.keeper import Probe


def http_probe(client: httpx.AsyncClient, url: str) -> Probe:
    """Ready when ``url`` answers 200."""

    async def is_ready() -> bool:
        try:
            return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return is_ready


def server_probe(server: EmbeddedServer) -> Probe:
    """Ready when the embedded server itself answers."""

    async def is_ready() -> bool:
        return await asyncio.to_thread(server.is_ready)

    return is_ready
