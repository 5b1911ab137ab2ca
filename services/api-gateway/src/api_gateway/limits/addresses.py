"""The limit of an address, whoever asks from there: it is spent before a token is looked at."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_gateway.limits.allowance import Allowance
from api_gateway.limits.metrics import limited
from chassis.http.problems import problem_response, status_problem

_PROBES = frozenset({"/livez", "/readyz", "/metrics"})


class AddressLimitMiddleware:
    """`rate` such as `1200/minute`, for each address; probes and scrapes are not counted.

    All answers say how their caller stands, by the subject's limit where there is a subject.
    """

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self._app = app
        self._allowance = Allowance("address", rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        host, _ = scope.get("client") or ("unknown", 0)
        standing = (await self._allowance.spend(host)).note(scope)
        if standing.exceeded:
            limited("address")
            problem = status_problem(429, f"{host} has asked too often")
            await problem_response(problem, headers=standing.headers())(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in scope["state"]["rate_limit"].headers().items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, telling)
