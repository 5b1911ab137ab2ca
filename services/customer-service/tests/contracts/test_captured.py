"""customer-service answers a command as a running platform has sent it."""

import json

import pytest
from httpx import AsyncClient

from chassis.service import Service
from chassis.testing.delivery import deliver
from devkit.contracts.captured import FILE, Captured
from devkit.contracts.wire import outbox_of


async def test_a_command_that_was_really_sent_is_answered_as_it_was_then(
    service: Service, client: AsyncClient, request: pytest.FixtureRequest
):
    captured = Captured.read(request.config.rootpath / FILE)
    (command,) = captured.of_type("customer.ReserveCredit.v1")
    (answered,) = captured.of_type("customer.CreditReserved.v1")
    details = {"name": "Alfreds", "country": "Germany", "credit_limit": "100000.00"}
    await client.put(f"/customers/{json.loads(command.body)['customer_id']}", json=details)

    await deliver(service, command.subject, command.headers, command.body)

    answer = (await outbox_of(service.database))[-1]
    assert answer.wire_type == answered.wire_type
    assert json.loads(answer.body).keys() == json.loads(answered.body).keys()
    own = {"traceparent"}  # this test is not traced
    assert answer.headers.keys() == answered.headers.keys() - own
