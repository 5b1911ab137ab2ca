"""/metrics and /livez: two answers do not need a web framework."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final

Page = tuple[HTTPStatus, str, bytes]
Pages = dict[str, Callable[[], Awaitable[Page]]]

REQUEST_SECONDS: Final = 5.0


@contextlib.asynccontextmanager
async def serving_pages(host: str, port: int | None, pages: Pages) -> AsyncIterator[None]:
    """Answer GET requests by path until the end of the block; without a port do nothing."""
    if port is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(*await _page(pages, request)))
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, host, port):
        yield


async def _page(pages: Pages, request: bytes) -> Page:
    method, target, *_ = [*request.decode("latin-1").split(" ", 2), "", ""]
    page = pages.get(target.partition("?")[0])
    if method != "GET" or page is None:
        return HTTPStatus.NOT_FOUND, "text/plain", b"see /metrics and /livez\n"
    return await page()


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
