"""Requests while a service is being started again, against an application in this process."""

from collections.abc import Callable

import httpx
import pytest

from devkit.http_client import ApiClient, ApiError

Handler = Callable[[httpx.Request], httpx.Response]


def answering(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """Gives one answer after the other, and keeps the requests."""
    remaining, requests = list(answers), []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        answer = remaining.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle, requests


async def send(handler: Handler, *, patience: float) -> httpx.Response:
    transport = httpx.MockTransport(handler)
    async with httpx.AsyncClient(transport=transport) as http:
        api = ApiClient(http, "http://orders", patience=patience)
        return await api.request("POST", "/orders", json={}, headers={"Idempotency-Key": "1"})


async def test_a_request_is_sent_again_until_the_service_is_back() -> None:
    handler, requests = answering(
        httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(202)
    )
    assert (await send(handler, patience=10)).status_code == 202
    assert [request.headers["Idempotency-Key"] for request in requests] == ["1", "1", "1"]


async def test_a_refusal_is_not_sent_again() -> None:
    handler, requests = answering(httpx.Response(422, text="too many lines"))
    with pytest.raises(ApiError, match="422 too many lines") as refusal:
        await send(handler, patience=10)
    assert refusal.value.status == 422
    assert len(requests) == 1


async def test_patience_has_an_end() -> None:
    handler, _ = answering(httpx.Response(503, text="starting"))
    with pytest.raises(ApiError, match="kept failing: 503 starting"):
        await send(handler, patience=0)
