"""A relay as a process of its own, as it runs in production."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from devkit.ports import LOOPBACK, free_port
from devkit.program import Program

_STOP_SECONDS = 15.0


class RelayProcessError(RuntimeError):
    """The relay did not end as it should; the message holds its last output."""


@dataclass(kw_only=True, slots=True)
class RelayProcess:
    """`python -m chassis.relay` for one database and one NATS. Use it as a context manager."""

    database_url: str
    nats_url: str
    folder: Path
    service_name: str = "bench-service"
    poke_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _pokes: socket.socket | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()

    @property
    def program(self) -> Program:
        return Program(
            name="relay",
            argv=(sys.executable, "-m", "chassis.relay"),
            env=self._environment(),
            log=self.folder / f"relay-{self.metrics_port}.log",
            cwd=self.folder,
        )

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> None:
        self._process = self.program.spawn()
        self._pokes = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def poke(self) -> None:
        """Tell it of new rows, as a service does after a commit."""
        if self._pokes is not None:
            self._pokes.sendto(b"", (LOOPBACK, self.poke_port))

    def stop(self) -> None:
        """SIGTERM; raises RelayProcessError where it does not end well in time."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise RelayProcessError(f"still running:\n{self.program.last_output()}") from None
        self._forget()
        if code != 0:
            raise RelayProcessError(f"ended with {code}:\n{self.program.last_output()}")

    def kill(self) -> None:
        """SIGKILL: as the machine's memory guard would do it."""
        process = self._running()
        process.kill()
        process.wait()
        self._forget()

    async def metrics(self) -> dict[str, float]:
        """The samples of /metrics by name with labels; raises httpx.HTTPError while it is away."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.get(f"http://{LOOPBACK}:{self.metrics_port}/metrics")
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RelayProcessError("the relay is not running: start it first")
        return self._process

    def _forget(self) -> None:
        self._process = None
        if self._pokes is not None:
            self._pokes.close()
            self._pokes = None

    def _environment(self) -> Mapping[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "SERVICE_NAME": self.service_name,
            "DATABASE_URL": self.database_url,
            "NATS_URL": self.nats_url,
            "RELAY_POKE_PORT": str(self.poke_port),
            "RELAY_METRICS_PORT": str(self.metrics_port),
            **self.settings,
        }
