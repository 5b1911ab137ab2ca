"""Reaching a release from outside the cluster: port-forwards that come back when pods do."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from devkit.deployables import SERVICES, with_relay
from devkit.e2e.release import Release
from devkit.keeper import Probe, Supervised
from devkit.platform import NATS, Addresses
from devkit.ports import LOOPBACK, free_port
from devkit.processes import Supervisor
from devkit.program import Program

JAEGER = "jaeger"
_HTTP_PORT = 8080
_NATS_PORT = 4222
_QUERY_PORT = 16686
_RELAY_PORT = 9090


class Forwards:
    """Port-forwards into one release, kept up for as long as the supervisor runs.

    kubectl ends when the pod at the other end is gone and somebody connects; it is started again
    then, towards a pod that is there.
    """

    def __init__(self, release: Release, supervisor: Supervisor, logs: Path) -> None:
        self._release = release
        self._supervisor = supervisor
        self._logs = logs

    async def http(self, target: str, port: int) -> str:
        """The URL by which `target`, such as `service/demo-nats`, answers."""
        return f"http://{LOOPBACK}:{await self.tcp(target, port)}"

    async def tcp(self, target: str, port: int) -> int:
        """The local port that leads to `port` of `target`."""
        local = free_port()
        name = f"{target.replace('/', '-')}-{port}"
        program = Program(
            name=name,
            argv=(*self._kubectl(), "port-forward", target, f"{local}:{port}"),
            env=dict(os.environ),
            log=self._logs / f"{name}.log",
            cwd=self._logs,
        )
        await self._supervisor.start(Supervised(program=program, is_ready=_listening(local)))
        return local

    async def nats_url(self, secret: str, key: str = "url") -> str:
        """A URL out of a Secret of the release, leading through the forwarded port."""
        url = urlsplit(await self._release.namespace.secret(self._release.named(secret), key))
        port = await self._nats_port()
        return url._replace(netloc=f"{url.username}:{url.password}@{LOOPBACK}:{port}").geturl()

    async def relays(self) -> dict[str, str]:
        """Base URLs of the relays' metrics, by service: of one pod each."""
        return {
            one.name: await self.http(f"deployment/{self._release.named(one.name)}", _RELAY_PORT)
            for one in with_relay()
        }

    async def jaeger(self) -> str:
        return await self.http(f"service/{self._release.named(JAEGER)}", _QUERY_PORT)

    async def addresses(self) -> Addresses:
        """Of the services, and of NATS for the observer. Relays and databases have none."""
        http = {
            service: await self.http(f"service/{self._release.named(service)}", _HTTP_PORT)
            for service in SERVICES
        }
        nats = await self.nats_url(f"{NATS}-observer")
        return Addresses(http=http, relays={}, nats=nats, postgresql={})

    async def _nats_port(self) -> int:
        return await self.tcp(f"service/{self._release.named(NATS)}", _NATS_PORT)

    def _kubectl(self) -> tuple[str, ...]:
        return (str(shutil.which("kubectl")), "--namespace", self._release.namespace.name)


@asynccontextmanager
async def forwards_into(release: Release) -> AsyncIterator[Forwards]:
    with tempfile.TemporaryDirectory(prefix="devkit-e2e-") as logs:
        async with Supervisor(_nothing_new) as supervisor:
            yield Forwards(release, supervisor, Path(logs))


def _listening(port: int) -> Probe:
    async def is_ready() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        return True

    return is_ready


def _nothing_new(_line: str) -> None:
    """A forward ends with its pod, which is no news."""
