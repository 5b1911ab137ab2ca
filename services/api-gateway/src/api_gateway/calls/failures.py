"""How a call can fail, as composition and clients tell it."""

from enum import StrEnum
from typing import ClassVar

from chassis.http.problems import Problem


class Reason(StrEnum):
    """Why a service's answer is missing."""

    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    CIRCUIT_OPEN = "circuit-open"
    OVERLOADED = "overloaded"
    UNREADABLE = "unreadable"
    NOT_YET = "not-yet"


class CallFailedError(Exception):
    """A service gave no answer that can be used; `detail` says how, for the log."""

    reason: ClassVar[Reason]
    told: ClassVar[str]

    def __init__(self, service: str, detail: str = "") -> None:
        super().__init__(self.told.format(service=service))
        self.service = service
        self.detail = detail


class CallTimedOutError(CallFailedError):
    """`tells`: it had enough time, so that the service is at fault."""

    reason = Reason.TIMEOUT
    tells = False
    told = "{service} did not answer in time; ask again, or give it more time"


class ServiceUnavailableError(CallFailedError):
    """It cannot be reached, or says that it cannot work; `passes` if that may be over at once."""

    reason = Reason.UNAVAILABLE
    told = "{service} is not available at the moment"

    def __init__(self, service: str, detail: str, *, passes: bool = False) -> None:
        super().__init__(service, detail)
        self.passes = passes


class CircuitOpenError(CallFailedError):
    reason = Reason.CIRCUIT_OPEN
    told = "{service} has failed too often and is not asked for a while"


class OverloadedError(CallFailedError):
    reason = Reason.OVERLOADED
    told = "too many requests wait for {service} already"


class UnreadableAnswerError(CallFailedError):
    reason = Reason.UNREADABLE
    told = "{service} gave an answer that cannot be understood"


class RefusedError(Exception):
    """A service's own word to the client: a problem to be passed on as it is."""

    def __init__(self, service: str, problem: Problem, retry_after: int | None) -> None:
        super().__init__(f"{service}: {problem.title}")
        self.problem = problem
        self.retry_after = retry_after
