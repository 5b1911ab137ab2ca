"""Places orders as order-service's HTTP handler does, in transactions of their own, without HTTP.

`python -m devkit.bench.order_placer` in the environment of order-service; `placer` says what it
reads and answers.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TextIO
from uuid import UUID

import uvloop

from chassis.logs import configure_logs
from chassis.memory import settle_memory
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import DatagramPoke, no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.sagas import SagaOrchestrator
from devkit.concurrency import for_each, together
from order_service.domain.order import Order
from order_service.domain.order_line import OrderLine
from order_service.messaging.topology import REPLIES, TOPOLOGY
from order_service.sagas.create_order import CreateOrderData, CreateOrderSaga
from order_service.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class _OrderPlacer:
    database: Database
    orchestrator: SagaOrchestrator

    async def place_all(
        self,
        orders: Sequence[Mapping[str, Any]],
        at_once: int | None,
        interval: float | None,
        offset: float,
    ) -> None:
        """All orders, `at_once` at a time; or each at its own moment."""
        if interval is None:
            await for_each(orders, self._place, at_once=at_once or 1)
        else:
            later = (offset + number * interval for number in range(len(orders)))
            await together(*map(self._place_later, later, orders))

    async def _place_later(self, seconds: float, order: Mapping[str, Any]) -> None:
        await asyncio.sleep(seconds)
        await self._place(order)

    async def _place(self, planned: Mapping[str, Any]) -> None:
        order = Order.place(
            order_id=UUID(planned["order_id"]),
            customer_id=planned["customer_id"],
            lines=[
                OrderLine(product_id=product_id, quantity=quantity, unit_price=Decimal(price))
                for product_id, quantity, price in planned["lines"]
            ],
            at=datetime.now(UTC),
        )
        async with self.database.sessions.begin() as session:
            data = CreateOrderData.model_validate(order)
            await self.orchestrator.start(
                session, CreateOrderSaga, data, subject_key=str(order.order_id)
            )


def _composed(settings: Settings) -> _OrderPlacer:
    database = Database(settings.database_url.get_secret_value())
    port = settings.relay_poke_port
    outbox = Outbox(TOPOLOGY, DatagramPoke(port) if port else no_poke)
    bind_outbox(database, outbox)
    orchestrator = SagaOrchestrator(
        outbox=outbox, definitions=(CreateOrderSaga,), reply_to=REPLIES.name
    )
    return _OrderPlacer(database=database, orchestrator=orchestrator)


async def _obey(answers: TextIO) -> None:
    settings = Settings()
    configure_logs(TOPOLOGY.service, settings.log_level)
    placer = _composed(settings)
    settle_memory()
    print("ready", file=answers, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await placer.place_all(**json.loads(line))
        print("done", file=answers, flush=True)
    await placer.database.close()


def main() -> None:
    """Answer on standard output, where the service would log: logs go to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        uvloop.run(_obey(answers))


if __name__ == "__main__":
    main()
