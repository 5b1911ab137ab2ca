"""`helm test`: registers a customer and a product, places an order and waits for its end.

The end is a delivery where shipping-service takes part, and the approval where it does not.
"""

import json
import os
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4


def call(service: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    url = f"http://{os.environ['RELEASE']}-{service}:{os.environ['HTTP_PORT']}{path}"
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    request = Request(url, data, headers, method=method)
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - always http
            return json.load(answer)
    except HTTPError as error:
        sys.exit(f"{method} {url} was answered {error.code}: {error.read().decode()}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    name = f"helm-test-{int(time.time())}"
    customer = {"name": "Helm test", "country": "NL", "credit_limit": "100.00"}
    call("customer-service", "PUT", f"/customers/{name}", customer)
    call("inventory-service", "PUT", f"/products/{name}", {"name": "A thing", "on_hand": 10})
    line = {"product_id": name, "quantity": 2, "unit_price": "9.50"}
    order = call("order-service", "POST", "/orders", {"customer_id": name, "lines": [line]})
    say(f"placed {order['order_id']}")

    deadline = time.monotonic() + float(os.environ["PATIENCE_SECONDS"])
    while order["state"] not in {*os.environ["END"].split(), "REJECTED"}:
        if time.monotonic() > deadline:
            sys.exit(f"the order is still {order['state']}; read the logs of the services' pods")
        time.sleep(0.5)
        order = call("order-service", "GET", f"/orders/{order['order_id']}")
    if order["rejection_reason"]:
        sys.exit(f"the order was rejected: {order['rejection_reason']}")
    say(f"the order is {order['state']}")


if __name__ == "__main__":
    main()
