"""What becomes of an order when something takes too long: our services on twins, time advanced.

`pytest -s` shows each timeline, as a table.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
from crashes.books import books_agree
from crashes.shop import CUSTOMER, CUSTOMERS, INVENTORY, ORDER, place, services, stocked
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.messaging.envelope import Direction
from chassis.sagas import Intervened, Intervention, SagaState, minutes
from chassis.sagas.state import EntryKind
from chassis.testing.twins import Parts, Platform, RunningService, hours, platform_of
from customer_service.messaging.command_handlers import COMMAND_HANDLERS, release_credit
from customer_service.messaging.contracts import ReleaseCredit
from order_service.domain.order import Order, OrderState, RejectionReason

Shop = Callable[..., AbstractContextManager[Platform]]


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Shop:
    @contextmanager
    def open_shop(customers: object = CUSTOMERS, *, on_hand: int = 3) -> Iterator[Platform]:
        others = [one for one in services() if one.name != CUSTOMER]
        with platform_of(customers, *others) as platform:
            stocked(platform, on_hand=on_hand)
            yield platform
            table = "\n".join(platform.timeline.table())
            sys.stdout.write(f"\n### {request.node.name}\n\n{table}\n")

    return open_shop


def order_of(platform: Platform) -> Order:
    (order,) = platform[ORDER].all(Order)
    return order


def saga_is(platform: Platform, state: SagaState) -> bool:
    (saga,) = platform[ORDER].sagas
    return saga.state is state


def entries(platform: Platform, kind: EntryKind) -> int:
    return sum(entry.kind is kind for entry in platform[ORDER].saga_log)


def test_an_order_outlives_ten_minutes_without_inventory(shop: Shop) -> None:
    """Stock is the pivot: it is asked for again and again, and taken once."""
    with shop() as platform:
        platform.take_away(INVENTORY)
        place(platform)
        platform.advance(minutes(10))
        assert saga_is(platform, SagaState.RUNNING)
        platform.bring_back(INVENTORY)
        platform.run()
        assert order_of(platform).state is OrderState.DELIVERED
        assert entries(platform, EntryKind.RETRY) > 5
        books_agree(platform)


def test_an_order_is_rejected_after_ten_minutes_without_customers(shop: Shop) -> None:
    """Credit is asked for first, and can be given back: nobody waits for it longer than that."""
    with shop() as platform:
        platform.take_away(CUSTOMER)
        place(platform)
        platform.advance(minutes(10))
        assert saga_is(platform, SagaState.COMPENSATING)
        platform.bring_back(CUSTOMER)
        platform.run()
        assert order_of(platform).rejection_reason is RejectionReason.TIMED_OUT
        books_agree(platform)


def test_a_compensation_that_keeps_failing_asks_for_attention_and_goes_on(shop: Shop) -> None:
    """Mended and told to try again by an operator, it gives the credit back once."""
    broken = True

    async def release(command: ReleaseCredit, session: AsyncSession) -> object:
        if broken:
            raise RuntimeError("the ledger is read-only")
        return await release_credit(command, session)

    assert isinstance(CUSTOMERS.parts, Parts)
    sound = [one for one in COMMAND_HANDLERS if one.message is not ReleaseCredit]
    (releasing,) = [one for one in COMMAND_HANDLERS if one.message is ReleaseCredit]
    breaking = handle(ReleaseCredit, release, loads=releasing.loads)
    parts = replace(CUSTOMERS.parts, commands=(*sound, breaking))
    with shop(replace(CUSTOMERS, parts=parts), on_hand=0) as platform:
        place(platform)
        platform.advance(hours(1))
        assert saga_is(platform, SagaState.NEEDS_ATTENTION)
        assert order_of(platform).state is OrderState.PENDING
        broken = False
        retry(platform)
        platform.run()
        assert saga_is(platform, SagaState.COMPENSATED)
        assert order_of(platform).rejection_reason is RejectionReason.OUT_OF_STOCK
        books_agree(platform, on_hand=0)


def test_a_reply_after_the_deadline_is_ignored_and_its_effect_undone(shop: Shop) -> None:
    """The credit was reserved in time; that it was comes to be known too late."""
    with shop() as platform:
        platform.hold_back("CreditReserved", by=minutes(12))
        place(platform)
        platform.run()
        ignored = [one for one in platform[ORDER].saga_log if one.kind is EntryKind.IGNORED]
        assert (ignored[0].step, ignored[0].direction) == ("reserve_credit", Direction.ACTION)
        assert order_of(platform).rejection_reason is RejectionReason.TIMED_OUT
        books_agree(platform)


def retry(platform: Platform) -> None:
    (saga,) = platform[ORDER].sagas
    again = Intervened(Intervention.RETRY, "the ledger is mended", "ada")

    async def intervene(session: AsyncSession, service: RunningService) -> None:
        await service.orchestrator.intervene(session, saga.saga_id, again)

    platform.request(ORDER, intervene, told="an operator says: try again")
