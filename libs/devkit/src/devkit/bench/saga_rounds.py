"""The platform's sagas measured, alone and in turns with DBOS."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg

from devkit.bench import saga_orders
from devkit.bench.dbos_sagas import dbos_sagas
from devkit.bench.figures import SagaComparison, SagaRounds
from devkit.bench.meter import StatementMeter
from devkit.bench.peer_environment import PeerEnvironment
from devkit.bench.platform_sagas import platform_sagas
from devkit.bench.sagas import SagaLatency, SagaMeasurement, Saturation
from devkit.deployables import SAGA_SERVICES
from devkit.embedded.postgres import PostgresServer, relay_role_of
from devkit.platform import NATS, POSTGRESQL, Platform, running_platform
from devkit.progress import Stages
from devkit.run_folder import RunFolder

_RATE = 20
_STEADY_SECONDS = 12
_OUR_SAGAS = 1_500
_DBOS_SAGAS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """One system and what its rounds gave so far; `sagas` keep it busy for some seconds."""

    name: str
    sagas: int
    measurement: SagaMeasurement
    saturations: list[Saturation] = field(default_factory=list)
    latencies: list[SagaLatency] = field(default_factory=list)

    @property
    def rounds(self) -> SagaRounds:
        return SagaRounds(saturations=self.saturations, latencies=self.latencies)

    async def saturate(self) -> str:
        measured = await self.measurement.saturate(self.sagas)
        self.saturations.append(measured)
        return f"{measured.sagas_per_s:,.0f} sagas a second, {measured.cpu_ms:.1f} ms of CPU each"

    async def steady(self) -> str:
        measured = await self.measurement.steady(rate=_RATE, seconds=_STEADY_SECONDS)
        self.latencies.append(measured)
        return f"p50 {measured.p50:.1f} ms, p99 {measured.p99:.1f} ms"


class SagaBench:
    """The candidates, ready and warm; they take turns in every round."""

    def __init__(self, ours: _Candidate, dbos: _Candidate | None, stages: Stages) -> None:
        self._ours = ours
        self._dbos = dbos
        self._stages = stages

    async def alone(self, rounds: int) -> SagaRounds:
        """Raises WrongSagasError."""
        await self._saturate([self._ours], rounds)
        await self._steady([self._ours], 1)
        await self._check([self._ours])
        return self._ours.rounds

    async def in_turns(self, rounds: int) -> SagaComparison:
        """Raises WrongSagasError."""
        assert self._dbos is not None, "there is nobody to take turns with"
        candidates = [self._ours, self._dbos]
        await self._saturate(candidates, rounds)
        await self._steady(candidates, rounds)
        await self._check(candidates)
        return SagaComparison(ours=self._ours.rounds, peer=self._dbos.rounds)

    async def _saturate(self, candidates: Sequence[_Candidate], rounds: int) -> None:
        for number in range(1, rounds + 1):
            for candidate in candidates:
                what = f"{candidate.sagas:,} sagas at once, {candidate.name}"
                with self._stages.stage(f"round {number} of {rounds}: {what}"):
                    result = await candidate.saturate()
                self._stages.say(f"  {result}")

    async def _steady(self, candidates: Sequence[_Candidate], rounds: int) -> None:
        for number in range(1, rounds + 1):
            for candidate in candidates:
                what = f"{_RATE} sagas a second for {_STEADY_SECONDS} s, {candidate.name}"
                with self._stages.stage(f"round {number} of {rounds}: {what}"):
                    result = await candidate.steady()
                self._stages.say(f"  {result}")

    async def _check(self, candidates: Sequence[_Candidate]) -> None:
        for candidate in candidates:
            with self._stages.stage(f"checking every order, credit and stock, {candidate.name}"):
                await candidate.measurement.check()


@asynccontextmanager
async def saga_bench(
    folder: RunFolder, stages: Stages, peers: PeerEnvironment | None
) -> AsyncIterator[SagaBench]:
    """The platform, and DBOS beside it where there are peers, on the platform's servers."""
    scenario = saga_orders.scenario()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(
            running_platform(folder, stages.say, services=SAGA_SERVICES)
        )
        postgres = _postgres(platform)
        superuser = await asyncpg.connect(postgres.url)
        stack.push_async_callback(superuser.close)
        system = await stack.enter_async_context(platform_sagas(platform, scenario))
        owners = [str(urlsplit(url).username) for url in platform.addresses.postgresql.values()]
        roles = [*owners, *(relay_role_of(owner) for owner in owners)]
        meters = await _meters(superuser, roles)
        ours = _Candidate(
            name="here",
            sagas=_OUR_SAGAS,
            measurement=SagaMeasurement(system, meters, scenario.stock),
        )
        await _warm_up(ours, stages)
        dbos = None
        if peers is not None:
            servers = _servers(platform)
            starting = dbos_sagas(peers, postgres, scenario, folder.logs, servers=servers)
            peer = await stack.enter_async_context(starting)
            dbos = _Candidate(
                name="DBOS",
                sagas=_DBOS_SAGAS,
                measurement=SagaMeasurement(
                    peer, await _meters(superuser, peer.roles), scenario.stock
                ),
            )
            await _warm_up(dbos, stages)
        yield SagaBench(ours, dbos, stages)


async def _warm_up(candidate: _Candidate, stages: Stages) -> None:
    with stages.stage(f"warming up, {candidate.name}"):
        await candidate.measurement.warm_up()


async def _meters(superuser: asyncpg.Connection, roles: Sequence[str]) -> list[StatementMeter]:
    meters = [StatementMeter(superuser, role) for role in roles]
    for meter in meters:
        await meter.prepare()
    return meters


def _postgres(platform: Platform) -> PostgresServer:
    """The platform's server, to create databases on."""
    port = next(urlsplit(url).port for url in platform.addresses.postgresql.values())
    return PostgresServer(platform.folder.path / POSTGRESQL, durable=True, port=port)


def _servers(platform: Platform) -> Mapping[str, int]:
    pids = platform.supervisor.pids
    return {POSTGRESQL: pids[POSTGRESQL], NATS: pids[NATS]}
