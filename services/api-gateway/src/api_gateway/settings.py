"""What api-gateway needs to know of its surroundings."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from api_gateway.calls import ServicePolicy
from api_gateway.calls.breaker import BreakerPolicy
from chassis.settings import HttpSettings


class Settings(HttpSettings):
    """Where the services are, how long they may take, and whom to believe."""

    order_service_url: str
    """Where it answers, such as `http://demo-order-service:8080`; the others likewise."""
    customer_service_url: str
    inventory_service_url: str
    shipping_service_url: str
    order_history_service_url: str

    jwks_file: Path | None = None
    """The issuer's public keys as a JWK set, in a file; it is read again when keys change."""
    jwks_url: str | None = None
    """The same, at a URL. One of the two is needed."""
    token_issuer: str
    """Who has to have made a token: its claim `iss`."""
    token_audience: str = "longship"  # noqa: S105 - no secret
    """For whom: its claim `aud`."""
    token_algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    """With what a token may be signed."""
    accept_symmetric_keys: bool = False
    """For development only: accept HS256 too, so that the gateway holds what tokens are made of."""

    subject_rate: str = "600/minute"
    """How often one subject may ask, in each replica."""
    address_rate: str = "1200/minute"
    """How often anybody may ask from one address, in each replica, with or without a token."""

    request_seconds: float = Field(default=5.0, gt=0)
    """For a request that one service answers; a client may ask for less."""
    composition_seconds: float = Field(default=2.0, gt=0)
    """For an answer of several services' parts: what is not there by then is missing from it."""
    service_connections: int = Field(default=50, gt=0)
    """Requests under way to one service."""
    service_queue_seconds: float = Field(default=0.2, gt=0)
    """How long a request waits for a free one of them."""
    service_patience_seconds: float = Field(default=1.0, gt=0)
    """Time after which a service that has not answered counts as failing."""
    max_answer_bytes: int = Field(default=2 * 1024 * 1024, gt=0)
    """A service that answers more counts as unreadable."""
    circuit_failures: int = Field(default=5, gt=0)
    """Failures among the last 20 calls that open a service's circuit, if they are half of them."""
    circuit_open_seconds: float = Field(default=5.0, gt=0)
    """How long a circuit stays open before one call tries again."""

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("set JWKS_FILE or JWKS_URL, to know whose tokens to believe")
        return self

    @property
    def accepted_algorithms(self) -> tuple[str, ...]:
        return (*self.token_algorithms, *(("HS256",) if self.accept_symmetric_keys else ()))

    @property
    def service_policy(self) -> ServicePolicy:
        return ServicePolicy(
            connections=self.service_connections,
            queue_seconds=self.service_queue_seconds,
            patience_seconds=self.service_patience_seconds,
            max_answer_bytes=self.max_answer_bytes,
            breaker=BreakerPolicy(
                failures=self.circuit_failures, open_seconds=self.circuit_open_seconds
            ),
        )
