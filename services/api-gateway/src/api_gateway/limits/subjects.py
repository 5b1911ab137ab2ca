"""The limit of whoever a token names."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api_gateway.access.caller import Caller
from api_gateway.limits.allowance import Allowance
from api_gateway.limits.metrics import limited

_TOO_MANY = 429


class SubjectLimit:
    """`rate` such as `600/minute`, for each subject."""

    def __init__(self, rate: str) -> None:
        self._allowance = Allowance("subject", rate)

    async def spend(self, request: Request, caller: Caller) -> None:
        """Raises a 429 where nothing is left."""
        standing = (await self._allowance.spend(caller.subject)).note(request.scope)
        if standing.exceeded:
            limited("subject")
            raise HTTPException(
                _TOO_MANY, f"{caller.subject} has asked too often", standing.headers()
            )
