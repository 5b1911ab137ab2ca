"""Services composed as in production, and never started: to look at what they are made of."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from chassis.http_service import HttpService

_NOWHERE: Final[dict[str, Any]] = {
    "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
    "nats_url": "nats://127.0.0.1:1",
    "jwks_file": Path("none"),
    "token_issuer": "none",
}


@cache
def composed(package: str) -> HttpService:
    """The service of a package, with settings that lead nowhere."""
    kind = import_module(f"{package}.settings").Settings
    given = {name: _NOWHERE[name] for name in kind.model_fields if name in _NOWHERE}
    urls = (name for name in kind.model_fields if name.endswith("_service_url"))
    settings = kind(**given, **dict.fromkeys(urls, "http://service.invalid"))
    service: HttpService = import_module(f"{package}.app").build(settings)
    return service
