"""The crash harness over sagas that want the same thing and wait for each other's lock."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers.handlers import handle
from chassis.locks import REFUSE, WAIT, SemanticLock, WhenTaken
from chassis.messaging.contracts import Command, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.sagas import PIVOT, RETRIABLE, Saga, SagaState, command, minutes
from chassis.testing.crashes import CrashHarness
from chassis.testing.twins import Parts, Platform, RunningService, ServiceTwin


class Base(DeclarativeBase):
    """The workshop's table."""


class Tool(Base):
    __tablename__ = "tools"
    name: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str | None] = mapped_column(default=None)
    uses: Mapped[int] = mapped_column(default=0)


class ToolCommand(Command):
    tool: str
    user: str


class Fetch(ToolCommand, type="workshop.Fetch.v1", key="tool"):
    pass


class PutBack(ToolCommand, type="workshop.PutBack.v1", key="tool"):
    pass


class Use(ToolCommand, type="workshop.Use.v1", key="tool"):
    pass


class Done(Reply, type="any.Done.v1"):
    pass


class JobData(BaseModel):
    model_config = ConfigDict(frozen=True)

    tool: str = "lathe"
    user: str


def fetch(data: JobData) -> Fetch:
    return Fetch(tool=data.tool, user=data.user)


def put_back(data: JobData) -> PutBack:
    return PutBack(tool=data.tool, user=data.user)


def use(data: JobData) -> Use:
    return Use(tool=data.tool, user=data.user)


def bring_home(data: JobData) -> PutBack:
    return PutBack(tool=data.tool, user=data.user)


class JobSaga(Saga[JobData], type="Job", version=1):
    steps = (
        command(fetch, compensation=put_back, timeout=minutes(1)),
        command(use, kind=PIVOT),
        command(bring_home, kind=RETRIABLE),
    )


def workshop(when_taken: WhenTaken) -> ServiceTwin:
    lock = SemanticLock("tool", expires=minutes(60), when_taken=when_taken)

    async def take(message: Fetch, session: AsyncSession) -> Done:
        await lock.take(session, message.tool)
        tool = await session.get_one(Tool, message.tool)
        assert tool.user is None, f"{tool.user} has the {message.tool}, and {message.user} takes it"
        tool.user = message.user
        return Done()

    async def give_back(message: PutBack, session: AsyncSession) -> Done:
        (await session.get_one(Tool, message.tool)).user = None
        await lock.release(session, message.tool)
        return Done()

    async def work(message: Use, session: AsyncSession) -> Done:
        tool = await session.get_one(Tool, message.tool)
        assert tool.user == message.user, f"{message.user} works with the tool of {tool.user}"
        tool.uses += 1
        return Done()

    return ServiceTwin(
        topology=ServiceTopology(
            service="workshop",
            context="workshop",
            consumers=(Consumer(service="workshop", channel=commands("workshop")),),
            sends_to=(replies("desk"),),
        ),
        parts=Parts(commands=(handle(Fetch, take), handle(PutBack, give_back), handle(Use, work))),
    )


DESK = ServiceTwin(
    topology=ServiceTopology(
        service="desk",
        context="desk",
        streams=(Stream(channel=replies("desk")),),
        consumers=(Consumer(service="desk", channel=replies("desk")),),
        sends_to=(commands("workshop"),),
    ),
    parts=Parts(sagas=(JobSaga,)),
)


def equipped(platform: Platform) -> None:
    async def put(session: AsyncSession, _workshop: RunningService) -> None:
        session.add(Tool(name="lathe"))

    platform.given("workshop", put)


def two_jobs(platform: Platform) -> None:
    for user in ("Ada", "Bob"):

        async def start(session: AsyncSession, desk: RunningService, who: str = user) -> None:
            data = JobData(user=who)
            await desk.orchestrator.start(session, JobSaga, data, subject_key=who)

        platform.request("desk", start, told=f"gives {user} a job")


def each_job_had_the_tool_for_itself(platform: Platform) -> None:
    (tool,) = platform["workshop"].all(Tool)
    done = [saga for saga in platform["desk"].sagas if saga.state is SagaState.COMPLETED]
    assert tool.user is None, f"{tool.user} still has it"
    assert tool.uses == len(done), f"{len(done)} jobs are done, and it was used {tool.uses} times"
    assert not platform["workshop"].database.store.rows("semantic_locks"), "the lock stays"


def harness(when_taken: WhenTaken, check: Callable[[Platform], Any]) -> CrashHarness:
    return CrashHarness(
        services=(DESK, workshop(when_taken)), given=equipped, start=two_jobs, invariant=check
    )


@pytest.mark.parametrize("when_taken", [WAIT, REFUSE])
def test_a_lock_is_waited_for_or_refused_whatever_goes_wrong(when_taken: WhenTaken) -> None:
    jobs = harness(when_taken, each_job_had_the_tool_for_itself)
    calm = jobs.check_without_faults()
    ends = str(calm.timeline).count("ends COMPLETED")
    assert ends == (2 if when_taken is WAIT else 1)
    jobs.check_every_single_fault()
    jobs.check_random_faults(examples=60)
