"""api-gateway: the public API of the platform.

Everything that the gateway does starts here: the services that it asks, whom it believes, how often
anybody may ask, and its HTTP routes. It keeps nothing and publishes nothing.
"""

from api_gateway.access import SigningKeys, TokenVerifier
from api_gateway.access.keys import Source, from_file, from_url
from api_gateway.http import customers, history, orders, products
from api_gateway.http.document import describe
from api_gateway.http.problems import install_problems
from api_gateway.http.security_headers import SecurityHeadersMiddleware
from api_gateway.limits.addresses import AddressLimitMiddleware
from api_gateway.limits.subjects import SubjectLimit
from api_gateway.services import Services
from api_gateway.settings import Settings
from chassis.http import provide
from chassis.http_service import HttpService

NAME = "api-gateway"


class Gateway(HttpService):
    """The gateway's process; it is ready whatever the services are, and shows whom it asks."""

    def __init__(self, settings: Settings) -> None:
        self.services = Services.of(settings)
        reported = {client.service: client.check for client in self.services.clients}
        super().__init__(NAME, settings, reported=reported)

    async def close(self) -> None:
        for client in self.services.clients:
            await client.close()


def build(settings: Settings) -> Gateway:
    gateway = Gateway(settings)
    provide(gateway.http, settings, gateway.services)
    provide(gateway.http, _verifier(settings), SubjectLimit(settings.subject_rate))
    gateway.http.add_middleware(AddressLimitMiddleware, rate=settings.address_rate)
    gateway.http.add_middleware(SecurityHeadersMiddleware)
    for routes in (history, orders, customers, products):
        gateway.http.include_router(routes.router)
    install_problems(gateway.http)
    describe(gateway.http)
    return gateway


def _verifier(settings: Settings) -> TokenVerifier:
    keys = SigningKeys(_source(settings), symmetric=settings.accept_symmetric_keys)
    return TokenVerifier(
        keys,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        algorithms=settings.accepted_algorithms,
    )


def _source(settings: Settings) -> Source:
    if settings.jwks_file is not None:
        return from_file(settings.jwks_file)
    assert settings.jwks_url is not None
    return from_url(settings.jwks_url)
