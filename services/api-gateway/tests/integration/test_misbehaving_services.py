"""Whatever one service does, the client gets an answer that says what is wrong, and no 500.

With `-v` a table of all cases is printed: who did what, and status, time and words of the answer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from devkit.ports import LOOPBACK, free_port
from devkit.standins import Behaviour, StandIns, raw_server, silent

PATH = f"/orders/{UUID(int=7)}"
LIMIT = 100_000
COMPOSITION_SECONDS = 3.0

Rows = list[tuple[str, ...]]


def saying(body: str, status: int = 200, **headers: str) -> Behaviour:
    async def behaviour(_: Request) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return PlainTextResponse(body, status, headers=named)

    return behaviour


async def endless(_: Request) -> Response:
    async def flood() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)  # to hear that nobody listens

    return StreamingResponse(flood(), media_type="application/json")


async def dripping(_: Request) -> Response:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    return StreamingResponse(drip(), media_type="application/json")


async def deep(_: Request) -> Response:
    return PlainTextResponse("[" * 50_000, media_type="application/json")


async def not_a_problem(_: Request) -> Response:
    return JSONResponse({"detail": "Not Found"}, 404)


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01SSH-2.0-rubbish\r\n\r\n" * 10)
    await writer.drain()


async def cut_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"name": ')
    await writer.drain()


async def hanging_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


@dataclass(frozen=True)
class Case:
    """`leading` is the answer when order-service itself behaves so: status and problem."""

    reason: str
    leading: tuple[int, str]
    behaves: Behaviour | None = None
    talks: Callable | None = None


TIMEOUT = ("timeout", (504, "service-timeout"))
UNAVAILABLE = ("unavailable", (503, "service-unavailable"))
UNREADABLE = ("unreadable", (502, "service-unreadable"))

CASES = {
    "down": Case(*UNAVAILABLE),
    "hanging up": Case(*UNAVAILABLE, talks=hanging_up),
    "silent": Case(*TIMEOUT, silent),
    "dripping a body without end": Case(*TIMEOUT, dripping),
    "flooding a body without end": Case(*UNREADABLE, endless),
    "speaking no HTTP": Case(*UNAVAILABLE, talks=no_http),
    "cut off in its answer": Case(*UNAVAILABLE, talks=cut_off),
    "failing (500)": Case(*UNAVAILABLE, saying("oops", 500)),
    "restarting (503, Retry-After)": Case(*UNAVAILABLE, saying("", 503, Retry_After="1")),
    "out of time itself (504)": Case(*TIMEOUT, saying("", 504)),
    "an HTML page": Case(*UNREADABLE, saying("<html>Welcome to nginx!</html>")),
    "an empty body": Case(*UNREADABLE, saying("")),
    "JSON of another shape": Case(*UNREADABLE, saying('{"state": ["?"], "customer_id": null}')),
    "JSON that is nested without end": Case(*UNREADABLE, deep),
    "bytes that are no text": Case(*UNREADABLE, saying("\ufffd\x00")),
    "compressed, they say": Case(*UNREADABLE, saying("rubbish", Content_Encoding="gzip")),
    "a redirect": Case(*UNREADABLE, saying("", 302, Location="http://elsewhere.example/")),
    "a 404 that is no problem": Case(*UNREADABLE, not_a_problem),
    "asking for a login (401)": Case(*UNREADABLE, saying("", 401)),
}


@pytest.fixture
async def told(services: StandIns, new_client, staff) -> AsyncIterator[Callable]:
    """Makes one service behave as in a case, and asks for the order."""
    async with AsyncExitStack() as stack:

        async def tell(service: str, case: Case):
            differing: dict[str, object] = {}
            if case.behaves is not None:
                services.behave(service, case.behaves)
            elif case.talks is not None:
                url = await stack.enter_async_context(raw_server(case.talks))
                differing[f"{service.replace('-', '_')}_url"] = url
            else:
                differing[f"{service.replace('-', '_')}_url"] = f"http://{LOOPBACK}:{free_port()}"
            client = new_client(
                staff,
                composition_seconds=COMPOSITION_SECONDS,
                max_answer_bytes=LIMIT,
                **differing,
            )
            began = time.perf_counter()
            answer = await client.get(PATH)
            return answer, time.perf_counter() - began

        yield tell


@pytest.mark.parametrize("name", CASES)
async def test_a_part_is_missing_and_the_answer_says_why(told, rows: Rows, name: str):
    case = CASES[name]
    answer, seconds = await told("shipping-service", case)

    body = answer.json()
    rows.append(("shipping-service", name, "200", f"{seconds:.2f} s", str(body["missing"])))
    assert answer.status_code == 200
    assert body["missing"] == [{"part": "shipment", "reason": case.reason}]
    assert body["shipment"] is None
    assert (body["state"], body["customer"]["name"]) == ("APPROVED", "Anna")


@pytest.mark.parametrize("name", CASES)
async def test_without_the_order_itself_there_is_a_problem(told, rows: Rows, name: str):
    case = CASES[name]
    answer, seconds = await told("order-service", case)

    body = answer.json()
    told_as = f"{body['type']} {body['detail']}"
    rows.append(("order-service", name, str(answer.status_code), f"{seconds:.2f} s", told_as))
    status, problem = case.leading
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["type"]) == (status, f"urn:longship:problem:{problem}")
    assert ("retry-after" in answer.headers) == (status == 503)
