"""A development issuer of tokens: what an identity provider does in earnest."""

import json
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from devkit.run_folder import RunFolder

ISSUER: Final = "https://issuer.longship.example"
AUDIENCE: Final = "longship"

_ALGORITHM: Final = "ES256"


class Issuer:
    """Signs tokens with a key of its own; `jwks` is for those who check them."""

    def __init__(self, private_key: str) -> None:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._private_key = key
        self.key_id = f"{key.public_key().public_numbers().x:064x}"[:16]

    @property
    def jwks(self) -> str:
        """The public key as a JWK set (RFC 7517)."""
        public = jwt.get_algorithm_by_name(_ALGORITHM).to_jwk(self._private_key.public_key(), True)
        key = {**public, "kid": self.key_id, "use": "sig", "alg": _ALGORITHM}
        return json.dumps({"keys": [key]})

    def token(
        self,
        subject: str,
        *,
        scopes: Collection[str] = (),
        customer_id: str | None = None,
        seconds: float = 3600,
        **claims: Any,
    ) -> str:
        """A token for this platform, with `claims` in addition or in place of the usual ones."""
        now = int(time.time())
        usual: Mapping[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": int(now + seconds),
            "scope": " ".join(scopes),
            "customer_id": customer_id,
        }
        given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        headers = {"kid": self.key_id}
        return jwt.encode(given, self._private_key, algorithm=_ALGORITHM, headers=headers)


def new_private_key() -> str:
    """A key for an issuer, in PEM: a secret."""
    key = generate_private_key(SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def issuer_in(folder: RunFolder) -> Issuer:
    """The issuer of a run, whose key stays in the run's folder."""
    return Issuer(folder.kept_secret("issuer-key", new_private_key))


def new_issuer() -> Issuer:
    """One whose key nobody keeps."""
    return Issuer(new_private_key())
