"""The relay measured, alone and in turns with faststream-outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from devkit.bench.faststream_outbox_drain import drain_by_faststream_outbox
from devkit.bench.figures import OutboxComparison
from devkit.bench.peer_environment import PeerEnvironment
from devkit.bench.relay import RelayFigures, measure_relay
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer
from devkit.progress import Stages
from devkit.run_folder import RunFolder

_MESSAGES = 20_000
_IDLE_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayRounds:
    """Measurements of the relay on servers that both candidates use."""

    postgres: PostgresServer
    nats: NatsServer
    folder: RunFolder
    stages: Stages

    async def alone(self, rounds: int) -> RelayFigures:
        """Raises WrongStreamError."""
        with self.stages.stage("the relay: draining, latency, idle cost (about a minute)"):
            return await measure_relay(
                self.postgres,
                self.nats,
                self.folder.logs,
                messages=_MESSAGES,
                rounds=rounds,
                idle_seconds=_IDLE_SECONDS,
            )

    async def in_turns(self, rounds: int, peers: PeerEnvironment) -> OutboxComparison:
        """Raises WrongStreamError."""
        relay, peer = [], []
        for number in range(rounds):
            of = f"round {number + 1} of {rounds}"
            with self.stages.stage(f"{of}: draining {_MESSAGES:,} messages by the relay"):
                relay.append(await self._drain())
            with self.stages.stage(f"{of}: draining as many by faststream-outbox"):
                peer.append(
                    await drain_by_faststream_outbox(peers, self.postgres, self.nats, _MESSAGES)
                )
            self.stages.say(f"  {relay[-1]:,.0f} and {peer[-1]:,.0f} messages a second")
        return OutboxComparison(relay=relay, peer=peer)

    async def _drain(self) -> float:
        figures = await measure_relay(
            self.postgres,
            self.nats,
            self.folder.logs,
            messages=_MESSAGES,
            rounds=1,
            rates=(),
            idle_seconds=0,
        )
        return figures.messages_per_s


@contextmanager
def relay_rounds(folder: RunFolder, stages: Stages) -> Iterator[RelayRounds]:
    """Servers for the relay alone, which write through to the disk."""
    postgres = PostgresServer(folder.path / "relay-postgresql", durable=True)
    nats = NatsServer(folder.path / "relay-nats", durable=True)
    with postgres, nats:
        yield RelayRounds(postgres=postgres, nats=nats, folder=folder, stages=stages)
