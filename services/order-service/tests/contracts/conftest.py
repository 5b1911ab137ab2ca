"""Sagas up to the step that a contract is about; order-service as its consumers need it."""

from collections.abc import Callable
from uuid import UUID

import pytest
from httpx import AsyncClient

from chassis.messaging.contracts import Command, Reply
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.spans import exported_spans
from devkit.contracts.consuming import Exchange
from devkit.contracts.fixtures import provider_fixture
from devkit.contracts.wire import WireMessage, outbox_of
from order_service.sagas.participants import OutOfStock

provider = provider_fixture("order_service")


class Success(Reply, type="any.Success.v1"):
    pass


class Desk:
    """An order, whose sagas send commands and take the answers that a contract promises."""

    def __init__(self, client: AsyncClient, service: Service, place: Callable, wire) -> None:
        self._client, self._service = client, service
        self._place, self._wire = place, wire
        self.order_id: UUID

    async def place(self, *, answered: int = 0) -> None:
        """Place the order; its saga's first commands are answered well."""
        self.order_id = UUID((await self._place()).json()["order_id"])
        for _ in range(answered):
            await self._wire.answer(Success())

    async def cancel(self, *, answered: int = 0) -> None:
        """Cancel an order that was approved."""
        await self.place(answered=3)
        await self._client.post(f"/orders/{self.order_id}/cancellation")
        for _ in range(answered):
            await self._wire.answer(Success())

    async def answer_well(self) -> None:
        await self._wire.answer(Success())

    async def refuse_stock(self) -> None:
        await self._wire.answer(OutOfStock())

    async def sent(self, command: type[Command]) -> WireMessage:
        """The command that was sent last, which is of this type."""
        last = (await outbox_of(self._service.database))[-1]
        assert last.wire_type == command.wire_type
        return last

    async def exchange(self, exchange: Exchange, command: type[Command]) -> None:
        """The command that was really sent is answered as the contract says."""
        reply = await exchange.answer(await self.sent(command))
        await self.hear(reply)

    async def hear(self, message: WireMessage) -> None:
        await deliver(self._service, message.subject, message.headers, message.body)

    async def order(self) -> tuple[str, str | None]:
        """State of the order, and why it was rejected."""
        order = (await self._client.get(f"/orders/{self.order_id}")).json()
        return order["state"], order["rejection_reason"]

    async def awaits(self) -> str:
        """What the order's fulfilment waits for next."""
        flows = await self._client.get("/flows", params={"key": str(self.order_id)})
        (flow,) = flows.json()
        return flow["awaits"]

    async def saga(self) -> str:
        """State of the last saga."""
        return (await self._client.get(f"/orders/{self.order_id}/sagas")).json()[-1]["state"]


@pytest.fixture
def desk(client: AsyncClient, service: Service, place: Callable, wire):
    with exported_spans():
        yield Desk(client, service, place, wire)
