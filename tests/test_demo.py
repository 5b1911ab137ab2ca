"""`devkit demo`, as a user starts it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devkit.deployables import (
    API_GATEWAY,
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_SERVICE,
    SHIPPING_SERVICE,
    relay_of,
)
from devkit.mix import mixed_orders
from devkit.tracing.receiver import receiving_spans

IN_THE_SAGA = (ORDER_SERVICE, CUSTOMER_SERVICE, INVENTORY_SERVICE)
PROCESSES = (*IN_THE_SAGA, *(relay_of(service) for service in IN_THE_SAGA))

CUSTOMERS = "customer_id,name,country,credit_limit\nALFKI,Alfreds,Germany,100.00\n"
PRODUCTS = "product_id,name,unit_price,units_in_stock\n11,Queso,21.00,10\n"
ORDERS = """order_id,customer_id,ordered_at,product_id,quantity,unit_price
1,ALFKI,1996-07-04,11,4,14.00
2,ALFKI,1996-07-04,11,4,14.00
3,ALFKI,1996-07-05,11,7,1.00
"""


def write(folder: Path, *, orders: str) -> Path:
    for name, content in (("customers", CUSTOMERS), ("products", PRODUCTS), ("orders", orders)):
        (folder / f"{name}.csv").write_text(content)
    return folder


def told(finished: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert finished.returncode == 0, finished.stderr
    (line,) = finished.stdout.splitlines()
    return json.loads(line)


@pytest.mark.slow
def test_every_order_of_a_mix_is_decided_as_foreseen_and_the_sums_agree(
    devkit: str, environment: dict[str, str]
) -> None:
    finished = subprocess.run(
        [devkit, "demo", "--json"],
        env={**environment, "ORDERS": "40"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    outcome, foreseen = told(finished), mixed_orders(40, seed=1)
    assert outcome["orders"] == 40
    assert outcome["approved"] == foreseen.approved
    assert outcome["cancelled"] == foreseen.cancelled
    assert outcome["rejected"] == foreseen.rejected
    assert outcome["delivered"] + outcome["shipment_failed"] == foreseen.approved
    assert outcome["in_flight"] == 0
    assert outcome["sums_agree"] is True
    by_state = {
        "CANCELLED": outcome["cancelled"],
        "DELIVERED": outcome["delivered"],
        "REJECTED": sum(outcome["rejected"].values()),
        "UNDELIVERED": outcome["shipment_failed"],
    }
    assert outcome["history"] == {
        "orders": 40,
        "by_state": {state: count for state, count in by_state.items() if count},
    }
    assert outcome["sagas"]["CancelOrder"] == {
        "completed": outcome["cancelled"],
        "compensated": 0,
    }
    assert outcome["sagas"]["CreateOrder"] == {
        "completed": outcome["approved"] + outcome["cancelled"],
        "compensated": sum(outcome["rejected"].values()),
    }
    assert "in the history, by state" in finished.stderr
    assert 0 < outcome["saga_ms"]["p50"] <= outcome["saga_ms"]["p99"]
    assert outcome["messages"]["relayed"] > 40
    assert outcome["messages"]["dead_lettered"] == 0
    assert "ShipmentScheduled" in finished.stderr

    for trace in (outcome["traces"]["approved"], outcome["traces"]["compensated"]):
        assert {API_GATEWAY, *PROCESSES} <= set(trace["services"])
        assert trace["spans"] > len(PROCESSES)
        assert f"trace {trace['trace_id']}, {trace['spans']} spans" in finished.stderr
    assert SHIPPING_SERVICE in outcome["traces"]["approved"]["services"]
    assert "undo saga CreateOrder reserve_credit" in finished.stderr
    assert "incomplete" not in finished.stderr


@pytest.mark.slow
def test_the_orders_of_a_folder_are_decided_by_its_credit_and_its_stock(
    devkit: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with receiving_spans() as receiver:
        finished = subprocess.run(
            [devkit, "demo", "--json"],
            env={
                **environment,
                "INPUT": str(write(tmp_path, orders=ORDERS)),
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    outcome = told(finished)
    assert (outcome["approved"], outcome["in_flight"], outcome["sums_agree"]) == (1, 0, True)
    assert outcome["rejected"] == {"CREDIT_LIMIT_EXCEEDED": 1, "OUT_OF_STOCK": 1}

    approved = outcome["traces"]["approved"]
    assert (approved["services"], approved["spans"]) == (None, None)
    assert f"spans go to {receiver.endpoint}; approved in trace {approved['trace_id']}" in (
        finished.stderr
    )
    trace = receiver.spans.trace(approved["trace_id"])
    assert trace is not None
    assert trace.is_complete
    assert set(PROCESSES) <= set(trace.services)


def test_a_folder_with_a_wrong_row_is_refused_before_anything_is_started(
    devkit: str, environment: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, orders=ORDERS + "4,ALFKI,1996-07-05,11,none,1.00\n")
    finished = subprocess.run(
        [devkit, "demo", "--input", str(tmp_path), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "orders.csv, line 5: quantity 'none'" in finished.stderr
    assert "starting" not in finished.stderr
