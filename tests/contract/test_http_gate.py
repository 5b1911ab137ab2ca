"""What the gate says to changes of HTTP APIs, and whether what the gateway needs is there."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devkit.deployables import (
    API_GATEWAY,
    BEHIND_THE_GATEWAY,
    CUSTOMER_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
)
from devkit.gate.http import HttpContracts, find_http_breaks, http_contracts_in

NOW = http_contracts_in(Path(__file__).parents[2] / "services")

Change = Callable[[dict[str, Any]], object]


def changed(service: str, change: Change) -> HttpContracts:
    document = deepcopy(dict(NOW.documents[service]))
    change(document)
    return replace(NOW, documents={**NOW.documents, service: document})


def fields(document: dict[str, Any], schema: str) -> dict[str, Any]:
    return document["components"]["schemas"][schema]["properties"]


def remove_field(schema: str, name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        del fields(document, schema)[name]
        document["components"]["schemas"][schema]["required"].remove(name)

    return change


def require(path: str, method: str, **parameter: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        parameters = document["paths"][path][method].setdefault("parameters", [])
        parameters.append({"in": "query", "schema": {"type": "string"}, **parameter})

    return change


def require_field(schema: str, name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        fields(document, schema)[name] = {"type": "string"}
        document["components"]["schemas"][schema]["required"].append(name)

    return change


def drop_parameter(path: str, name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        operation = document["paths"][path]["get"]
        operation["parameters"] = [p for p in operation["parameters"] if p["name"] != name]

    return change


def narrow(path: str, name: str, **bounds: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        for parameter in document["paths"][path]["get"]["parameters"]:
            if parameter["name"] == name:
                parameter["schema"] |= bounds

    return change


def answer_otherwise(path: str, method: str, before: str, after: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        responses = document["paths"][path][method]["responses"]
        responses[after] = responses.pop(before)

    return change


BREAKING = [
    (
        "an operation is removed",
        ORDER_SERVICE,
        lambda document: document["paths"].pop("/orders/{order_id}"),
        "GET /orders/{order_id}",
        "the operation is gone",
    ),
    (
        "a field of an answer is removed",
        CUSTOMER_SERVICE,
        remove_field("CustomerAnswer", "available"),
        "GET /customers/{customer_id}",
        "200 $.available: is required, and may be missing",
    ),
    (
        "a parameter is required",
        ORDER_SERVICE,
        require("/orders", "post", name="channel", required=True),
        "POST /orders",
        "the query parameter channel is required, and may be missing",
    ),
    (
        "a field of a request is required",
        ORDER_SERVICE,
        require_field("OrderRequest", "channel"),
        "POST /orders",
        "body $.channel: is required, and may be missing",
    ),
    (
        "a parameter is removed",
        ORDER_HISTORY_SERVICE,
        drop_parameter("/orders", "search"),
        "GET /orders",
        "the query parameter search is gone",
    ),
    (
        "a parameter is narrowed",
        CUSTOMER_SERVICE,
        narrow("/customers", "limit", maximum=10),
        "GET /customers",
        "the query parameter limit: $: maximum 10 is read, 1000 is written",
    ),
    (
        "another status says that it was done",
        ORDER_SERVICE,
        answer_otherwise("/orders", "post", "202", "200"),
        "POST /orders",
        "202 is never answered any more",
    ),
]
COMPATIBLE = [
    ("a parameter more", ORDER_SERVICE, require("/orders", "post", name="channel")),
    (
        "a field more in an answer",
        CUSTOMER_SERVICE,
        lambda document: fields(document, "CustomerAnswer").update(since={"type": "string"}),
    ),
    (
        "an operation more",
        ORDER_SERVICE,
        lambda document: document["paths"].update({"/returns": document["paths"]["/orders"]}),
    ),
    ("a parameter takes more", CUSTOMER_SERVICE, narrow("/customers", "limit", maximum=5000)),
    (
        "a description",
        ORDER_SERVICE,
        lambda document: document["info"].update(description="Orders."),
    ),
]


@pytest.mark.parametrize(
    ("what", "service", "change", "operation", "reason"), BREAKING, ids=[one[0] for one in BREAKING]
)
def test_a_change_that_breaks_clients_is_refused(
    what: str, service: str, change: Change, operation: str, reason: str
) -> None:
    found = {
        one.wire_type: one for one in find_http_breaks(changed(service, change), {"main": NOW})
    }

    broken = found[f"{service} {operation}"]
    assert reason in broken.reasons
    assert API_GATEWAY in [user.service for user in broken.users]
    assert broken.advice


@pytest.mark.parametrize(
    ("what", "service", "change"), COMPATIBLE, ids=[one[0] for one in COMPATIBLE]
)
def test_an_addition_passes(what: str, service: str, change: Change) -> None:
    assert find_http_breaks(changed(service, change), {"main": NOW}) == []


def test_the_gateway_needs_nothing_that_the_services_do_not_have() -> None:
    assert find_http_breaks(NOW, {}) == []
    assert set(NOW.needs[API_GATEWAY]) == set(BEHIND_THE_GATEWAY)


def test_a_client_that_relies_on_a_field_before_it_is_deployed_is_told_so() -> None:
    before = changed(CUSTOMER_SERVICE, remove_field("CustomerAnswer", "available"))

    found = find_http_breaks(NOW, {"production": before})

    assert {one.reasons for one in found} == {
        ("api-gateway relies on what production does not have yet",)
    }
