"""Who may use the admin API: whoever has one of its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Depends, Header, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis.settings import SettingsError
from chassis.values import Name

SHORTEST_TOKEN: Final = 16


class Role(StrEnum):
    """What a token is for: an operator acts, a reader looks."""

    OPERATOR = "operator"
    READER = "reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the role of the token, and the name that the caller gives, which is not proven."""

    role: Role
    by: str


class Tokens:
    """The tokens that count.

    Raises SettingsError for one that is too short to keep anybody out, and where two are the same.
    """

    def __init__(self, tokens: Mapping[Role, str]) -> None:
        for role, token in tokens.items():
            if len(token) < SHORTEST_TOKEN or not token.isascii():
                raise SettingsError(
                    f"the admin API's token of the {role} has to be at least {SHORTEST_TOKEN} "
                    "ASCII characters: make one with `openssl rand -hex 32`"
                )
        if len(set(tokens.values())) < len(tokens):
            raise SettingsError("the admin API's tokens have to differ: a reader must not act")
        self._digests = {role: _digest(token) for role, token in tokens.items()}

    def role_of(self, token: str) -> Role | None:
        """The role of a token, in the same time whichever it is and however much of it is right."""
        given, found = _digest(token), None
        for role, digest in self._digests.items():
            if compare_digest(given, digest):
                found = role
        return found


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


_bearer = HTTPBearer(auto_error=False, description="The token of an operator or of a reader")


async def caller(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    x_operator: Annotated[
        Name | None, Header(description="Who acts, for the audit; without it the token's role")
    ] = None,
) -> Caller:
    """Refuses whoever has no token that counts."""
    tokens: Tokens = request.app.state.tokens
    role = None if credentials is None else tokens.role_of(credentials.credentials)
    if role is None:
        raise HTTPException(
            401,
            "Send the admin API's token: `Authorization: Bearer <token>`",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Caller(role=role, by=x_operator or str(role))


Reader = Annotated[Caller, Depends(caller)]
"""Whoever has a token."""


async def _acting(known: Reader) -> Caller:
    if known.role is not Role.OPERATOR:
        raise HTTPException(403, "A reader's token does not act: use the operator's")
    return known


Acting = Annotated[Caller, Depends(_acting)]
"""Whoever has the operator's token."""
