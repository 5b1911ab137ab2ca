"""What a route asks for to know its caller: `caller: Reader`."""

from typing import Annotated

from fastapi import Depends, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from api_gateway.access.caller import Caller, Scope
from api_gateway.access.tokens import InvalidTokenError, TokenVerifier
from api_gateway.limits.subjects import SubjectLimit
from chassis.http import provided

_UNAUTHORIZED = 401
_FORBIDDEN = 403

_bearer = HTTPBearer(
    bearerFormat="JWT",
    description="A token of the platform's issuer. Its `scope` claim says what it allows: "
    "`orders:read`, `orders:write`, or `staff` for everything; `customer_id` whose orders.",
    auto_error=False,
)


async def _authenticated(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    verifier: Annotated[TokenVerifier, provided(TokenVerifier)],
    limit: Annotated[SubjectLimit, provided(SubjectLimit)],
) -> Caller:
    if credentials is None:
        raise _unauthorized("Send a token: Authorization: Bearer …", "Bearer")
    try:
        caller = await verifier.verify(credentials.credentials)
    except InvalidTokenError as error:
        challenge = f'Bearer error="invalid_token", error_description="{error}"'
        raise _unauthorized(str(error), challenge) from None
    await limit.spend(request, caller)
    return caller


Anybody = Annotated[Caller, Depends(_authenticated)]
"""Whoever has a token."""


async def _allowed(scopes: SecurityScopes, caller: Anybody) -> Caller:
    for scope in scopes.scopes:
        if not caller.may(Scope(scope)):
            raise HTTPException(
                _FORBIDDEN,
                f"The token's scope does not include {scope}",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
    return caller


Reader = Annotated[Caller, Security(_allowed, scopes=[Scope.READ])]
Writer = Annotated[Caller, Security(_allowed, scopes=[Scope.WRITE])]
Staff = Annotated[Caller, Security(_allowed, scopes=[Scope.STAFF])]


def _unauthorized(detail: str, challenge: str) -> HTTPException:
    return HTTPException(_UNAUTHORIZED, detail, {"WWW-Authenticate": challenge})
