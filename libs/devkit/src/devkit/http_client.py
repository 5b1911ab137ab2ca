"""HTTP that does not give up while a service is being started again."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

_LONGEST_DELAY = 1.0


class ApiError(RuntimeError):
    """A service refused a request (4xx) or did not answer it within the client's patience."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ApiClient:
    """Sends requests to one service, again on connection errors and 5xx, for ``patience`` seconds.

    Every request must be harmless to repeat, and has the ``headers``. Raises ApiError.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        *,
        patience: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._http = http
        self._base_url = base_url
        self._patience = patience
        self._headers = headers or {}

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.request("GET", path, params=_given(params))).json()

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        """The answer, which is not an error."""
        content["headers"] = {**self._headers, **(headers or {})}
        answer = await self._answer(method, path, content)
        if answer.is_error:
            raise ApiError(f"{method} {answer.url}: {_reason(answer)}", answer.status_code)
        return answer

    async def _answer(self, method: str, path: str, content: Mapping[str, Any]) -> httpx.Response:
        give_up = time.monotonic() + self._patience
        delay = 0.02
        while True:
            failure: str
            try:
                answer = await self._http.request(method, self._base_url + path, **content)
            except httpx.TransportError as error:
                failure = repr(error)
            else:
                if not answer.is_server_error:
                    return answer
                failure = _reason(answer)
            if time.monotonic() >= give_up:
                raise ApiError(f"{method} {self._base_url}{path} kept failing: {failure}")
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)


@asynccontextmanager
async def http_connections(at_once: int = 64) -> AsyncIterator[httpx.AsyncClient]:
    """Connections for all clients together."""
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as http:
        yield http


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _reason(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:300]}"
