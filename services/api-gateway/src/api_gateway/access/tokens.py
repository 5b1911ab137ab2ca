"""Bearer tokens: JWTs (RFC 7519) of one issuer, for this platform."""

from collections.abc import Sequence
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from api_gateway.access.caller import Caller
from api_gateway.access.keys import SigningKeys, UnknownKeyError


class InvalidTokenError(Exception):
    """A token that nobody may come in with; says why, and nothing of its content."""


class TokenVerifier:
    """Believes tokens that the issuer has signed for the audience, as long as they hold.

    Only the `algorithms` count, and of those only what the key is for: the token has no say in it.
    """

    def __init__(
        self,
        keys: SigningKeys,
        *,
        issuer: str,
        audience: str,
        algorithms: Sequence[str],
        leeway_seconds: float = 5.0,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._algorithms = list(algorithms)
        self._leeway = leeway_seconds

    async def verify(self, token: str) -> Caller:
        """Raises InvalidTokenError, or KeysUnavailableError where it cannot be told."""
        try:
            key = await self._keys.key(_key_id(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=self._algorithms,
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except UnknownKeyError:
            raise InvalidTokenError("The token's key is not known") from None
        except PyJWTError as error:
            raise InvalidTokenError(_reason(error)) from None
        return _caller(claims)


def _key_id(token: str) -> str:
    key_id = jwt.get_unverified_header(token).get("kid")
    if not isinstance(key_id, str):
        raise InvalidTokenError("The token does not name its key (kid)")
    return key_id


def _reason(error: PyJWTError) -> str:
    known: dict[type[PyJWTError], str] = {
        jwt.ExpiredSignatureError: "The token has expired",
        jwt.InvalidAudienceError: "The token is for another audience",
        jwt.InvalidIssuerError: "The token is another issuer's",
        jwt.InvalidAlgorithmError: "The token is signed in a way that is not accepted",
        jwt.ImmatureSignatureError: "The token does not hold yet",
    }
    return known.get(type(error), "The token is not valid")


def _caller(claims: dict[str, Any]) -> Caller:
    scope, customer_id = claims.get("scope", ""), claims.get("customer_id")
    if not isinstance(scope, str) or not isinstance(customer_id, str | None):
        raise InvalidTokenError("The token's scope or customer_id is no text")
    return Caller(subject=claims["sub"], scopes=frozenset(scope.split()), customer_id=customer_id)
