"""The gateway's OpenAPI document, for `openapi.json`: `python -m api_gateway.openapi`."""

import json
import sys
from pathlib import Path
from typing import Final

from api_gateway.app import build
from api_gateway.settings import Settings

_NOWHERE: Final = "http://service.invalid"


def document() -> str:
    """As it is served, in the form in which it is kept."""
    settings = Settings(
        order_service_url=_NOWHERE,
        customer_service_url=_NOWHERE,
        inventory_service_url=_NOWHERE,
        shipping_service_url=_NOWHERE,
        order_history_service_url=_NOWHERE,
        jwks_file=Path("none"),
        token_issuer="none",  # noqa: S106 - no secret
    )
    return json.dumps(build(settings).http.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
