"""What NATS forbids a service is counted and named; nats-py tells the caller of a time-out only."""

from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from chassis.consumers.broker import MessageBroker
from chassis.persistence.database import Database
from devkit.embedded.nats import NatsServer
from devkit.eventually import eventually

MAY_ONLY_LISTEN = """
authorization {
    users: [{user: "ledger-service", password: "secret", permissions: {
        publish: "allowed.>", subscribe: "_INBOX_ledger-service.>"
    }}]
}
"""


def violations(operation: str) -> float:
    labels = {"operation": operation}
    return REGISTRY.get_sample_value("nats_permission_violations_total", labels) or 0


async def test_a_violation_is_counted_and_its_subject_is_logged(
    tmp_path: Path, database: Any
) -> None:
    before = {operation: violations(operation) for operation in ("publish", "subscription")}
    with NatsServer(tmp_path, more=MAY_ONLY_LISTEN) as server:
        url = server.url.replace("nats://", "nats://ledger-service:secret@")
        broker = MessageBroker(url, service="ledger-service", database=Database(database.url))
        with capture_logs() as logs:
            await broker.start()
            client = broker.config.connection_state.connection
            await client.publish("ledger.events.Noted.0", b"")
            await client.subscribe("ledger.commands.>")
            await eventually(
                lambda: all(violations(name) == count + 1 for name, count in before.items())
            )
        await broker.stop()

    told = [entry for entry in logs if entry["event"] == "NATS forbids"]
    assert {(entry["operation"], entry["subject"]) for entry in told} == {
        ("publish", "ledger.events.noted.0"),
        ("subscription", "ledger.commands.>"),
    }
