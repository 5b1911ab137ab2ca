"""What is asked of a service, and what it answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from chassis.http.consistency import CONSISTENCY_TOKEN
from chassis.http.problems import Problem

IDEMPOTENCY_KEY: Final = "Idempotency-Key"

PASSED_BACK: Final = ("Location", "Idempotent-Replayed", CONSISTENCY_TOKEN)
"""Headers of a service's answer that are for the client."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_SECONDS: Final = re.compile("[0-9]{1,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request; its answer is read as `answer`, which ignores what it does not know.

    An answer that is `kept` is asked for again with its tag, and sent only when it has changed.
    """

    method: str
    path: str
    answer: TypeAdapter[T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False

    @property
    def may_be_repeated(self) -> bool:
        """Sent twice it is done once."""
        return self.method == "GET" or IDEMPOTENCY_KEY in self.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T_co]):
    """A successful answer; `headers` are those to be passed back."""

    status: int
    body: T_co
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """What came, in full and within bounds, and not understood yet."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_problem(self) -> bool:
        content_type: str = self.headers.get("Content-Type", "")
        return content_type.startswith("application/problem+json")

    @property
    def retry_after(self) -> int | None:
        value: str = self.headers.get("Retry-After", "")
        return int(value) if _SECONDS.fullmatch(value) else None

    @property
    def passed_back(self) -> dict[str, str]:
        return {name: self.headers[name] for name in PASSED_BACK if name in self.headers}

    def problem(self) -> Problem:
        """Raises ValidationError."""
        return Problem.model_validate_json(self.content)
