"""The issuer's public keys (a JWK set, RFC 7517), from a file or a URL, kept for a while.

A key that is not known is looked for again, though not more often than every few seconds, so that
the issuer can change keys and nobody can make the gateway ask for them without end.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx
import structlog
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

log = structlog.get_logger(__name__)

Source = Callable[[], Awaitable[str]]
"""Gives the JWK set as text; raises OSError or httpx.HTTPError."""

_SYMMETRIC: Final = "oct"
_PATIENCE_SECONDS: Final = 5.0


class KeysUnavailableError(Exception):
    """The keys cannot be had, so that no token can be judged."""


class UnknownKeyError(Exception):
    """The issuer has no such key."""


def from_file(path: Path) -> Source:
    async def read() -> str:
        return await asyncio.to_thread(path.read_text)

    return read


def from_url(url: str) -> Source:
    async def fetch() -> str:
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
            return (await http.get(url)).raise_for_status().text

    return fetch


class SigningKeys:
    """`symmetric` keys are for development only: whoever can check a token could make it."""

    def __init__(
        self,
        source: Source,
        *,
        symmetric: bool = False,
        at_least_seconds: float = 10.0,
        at_most_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._symmetric = symmetric
        self._at_least = at_least_seconds
        self._at_most = at_most_seconds
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._tried_at: float | None = None
        self._failure: str | None = None
        self._turn = asyncio.Lock()

    async def key(self, key_id: str) -> PyJWK:
        """Raises UnknownKeyError, or KeysUnavailableError where that cannot be known."""
        if key_id not in self._keys or self._age() > self._at_most:
            await self._look_again()
        if key_id in self._keys:
            return self._keys[key_id]
        if self._failure is not None:
            raise KeysUnavailableError("Tokens cannot be checked at the moment: no keys")
        raise UnknownKeyError

    def _age(self) -> float:
        return float("inf") if self._tried_at is None else self._clock() - self._tried_at

    async def _look_again(self) -> None:
        async with self._turn:
            if self._age() < self._at_least:
                return
            self._tried_at = self._clock()
            try:
                self._keys, self._failure = self._read(await self._source()), None
            except (OSError, httpx.HTTPError, ValueError, PyJWTError) as error:
                # with the keys of before: those who have them are known still
                self._failure = type(error).__name__
                log.warning("signing keys cannot be had", reason=repr(error))

    def _read(self, text: str) -> dict[str, PyJWK]:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("no JWK set")  # noqa: TRY004 - as what is no JSON at all
        usable = (key for key in PyJWKSet.from_dict(found) if key.public_key_use in {None, "sig"})
        return {
            key.key_id: key
            for key in usable
            if key.key_id is not None and (self._symmetric or key.key_type != _SYMMETRIC)
        }
