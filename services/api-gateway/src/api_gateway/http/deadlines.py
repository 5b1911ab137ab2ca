"""How long a request may take: by the settings, or less where the client says so."""

from typing import Annotated, Final

from fastapi import Depends

from api_gateway.settings import Settings
from chassis.http import provided
from chassis.http.deadline import Deadline, caller_deadline

_FOR_THE_CALLS: Final = 0.9
"""The rest of the client's time is for the answer itself."""

_Settings = Annotated[Settings, provided(Settings)]


def _deadline(seconds: float) -> Deadline:
    given = caller_deadline.get()
    asked = seconds if given is None else min(seconds, given.remaining * _FOR_THE_CALLS)
    return Deadline.after(asked)


async def _of_request(settings: _Settings) -> Deadline:
    return _deadline(settings.request_seconds)


async def _of_composition(settings: _Settings) -> Deadline:
    return _deadline(settings.composition_seconds)


RequestDeadline = Annotated[Deadline, Depends(_of_request)]
CompositionDeadline = Annotated[Deadline, Depends(_of_composition)]
