"""The life of one embedded server."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from typing import Self

import psutil

from devkit.ports import free_port
from devkit.program import Program

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_PORT_ATTEMPTS = 5


class ServerDidNotStartError(RuntimeError):
    """The server's process ended, or did not answer in time; the message holds its last output."""


class EmbeddedServer(ABC):
    """A server on a port of its own at 127.0.0.1, with its data in a folder of its own.

    The port is chosen at the first start and kept from then on, so that clients reconnect after
    ``restart``. Data outlives ``stop``, ``kill`` and the object. All methods block; start a server
    in a thread that lives as long as the server is needed, since it ends with that thread.
    """

    def __init__(self, *, port: int | None = None) -> None:
        self._port = port or free_port()
        self._port_is_promised = port is not None
        self._process: subprocess.Popen[bytes] | None = None
        self._stop_signal = signal.SIGTERM

    @property
    def port(self) -> int:
        return self._port

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    def program(self) -> Program:
        """Prepare the data folder where that is still to do, and say what to run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether this very server, and no other on the port, answers."""

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server is not running: call start() first")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers; raises ServerDidNotStartError."""
        if self._process is not None:
            raise RuntimeError("the server is running already: call restart() instead")
        if not self._port_is_promised:
            self._start_on_some_port()
        else:
            self._start_once()

    def stop(self) -> None:
        """Ask for a clean end and wait for it; by force where it takes too long."""
        if self._process is None:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL to the server and whatever it started, as when the machine goes away."""
        if self._process is None:
            return
        children = descendants(self._process.pid)
        self._process.kill()
        self._process.wait(_STOP_SECONDS)
        self._process = None
        for child in children:
            _kill(child)
        while not all(has_ended(child) for child in children):
            time.sleep(0.005)

    def restart(self) -> None:
        """Stop where it still runs, then start on the same port with the same data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_on_some_port(self) -> None:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                self._start_once()
            except ServerDidNotStartError:
                # someone may have taken the port between its choice and the server's bind
                if attempt == _PORT_ATTEMPTS:
                    raise
                self._port = free_port()
            else:
                self._port_is_promised = True
                return

    def _start_once(self) -> None:
        program = self.program()
        self._process = program.spawn()
        self._stop_signal = program.stop_signal
        give_up = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < give_up:
            if self.is_ready():
                return
            time.sleep(0.01)
        self.kill()
        raise ServerDidNotStartError(f"{program.name} did not start:\n{program.last_output()}")


def descendants(pid: int) -> list[psutil.Process]:
    """The processes below ``pid``, as far as they still run."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def has_ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits as a zombie for an init that may be slow to collect it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
