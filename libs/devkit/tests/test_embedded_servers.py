"""The embedded servers as a developer meets them: on the laptop, as root or not."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from devkit.accounts import unprivileged_account
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer
from devkit.embedded.server import EmbeddedServer, ServerDidNotStartError, descendants, has_ended
from devkit.eventually import eventually

START_BOTH_AND_WAIT = """
    import sys, time
    from pathlib import Path
    from devkit.embedded.nats import NatsServer
    from devkit.embedded.postgres import PostgresServer
    folder = Path(sys.argv[1])
    with PostgresServer(folder / "postgresql") as postgres, NatsServer(folder / "nats") as nats:
        print(postgres.url, nats.url, flush=True)
        time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(params=["stop", "kill"])
def end(request: pytest.FixtureRequest):
    """Both ways a server may go: asked to, or by kill -9."""
    return lambda server: getattr(server, request.param)()


async def test_committed_rows_outlive_the_server(
    fresh_postgres_server: PostgresServer, end
) -> None:
    server = fresh_postgres_server
    server.execute("create table notes (text text)", "insert into notes values ('kept')")
    url = server.url

    end(server)
    server.start()

    assert server.url == url
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("select text from notes") == "kept"
    finally:
        await connection.close()


async def test_stored_messages_outlive_the_broker_and_clients_find_it_again(
    fresh_nats_server: NatsServer, end
) -> None:
    client = await nats.connect(
        fresh_nats_server.url, reconnect_time_wait=0.05, max_reconnect_attempts=-1
    )
    try:
        jetstream = client.jetstream()
        await jetstream.add_stream(name="notes", subjects=["notes"])
        await jetstream.publish("notes", b"kept")

        end(fresh_nats_server)
        await eventually(lambda: not client.is_connected)
        fresh_nats_server.start()

        await eventually(lambda: client.is_connected)
        assert (await jetstream.get_msg("notes", seq=1)).data == b"kept"
    finally:
        await client.close()


def test_killing_postgres_leaves_no_process(fresh_postgres_server: PostgresServer) -> None:
    family = [
        psutil.Process(fresh_postgres_server.pid),
        *descendants(fresh_postgres_server.pid),
    ]
    assert len(family) > 3

    fresh_postgres_server.kill()

    assert all(has_ended(process) for process in family)


async def test_two_servers_side_by_side_do_not_meet(
    fresh_postgres_server: PostgresServer,
    postgres_server: PostgresServer,
    fresh_nats_server: NatsServer,
    nats_server: NatsServer,
) -> None:
    assert fresh_postgres_server.url != postgres_server.url
    assert fresh_nats_server.url != nats_server.url
    fresh_postgres_server.execute("create database only_here")
    with pytest.raises(RuntimeError, match="does not exist"):
        postgres_server.execute("select 1", database="only_here")


@pytest.mark.parametrize("kind", [NatsServer, PostgresServer])
def test_a_promised_port_that_is_taken_is_reported_and_not_mistaken_for_the_server(
    kind: type[EmbeddedServer], private_folder: Path
) -> None:
    with kind(private_folder / "first") as first:
        second = kind(private_folder / "second", port=first.port)
        with pytest.raises(ServerDidNotStartError, match=r"(?i)address already in use"):
            second.start()


def test_no_server_outlives_a_parent_that_was_killed(private_folder: Path) -> None:
    with start_both(private_folder, seconds=60, python=sys.executable) as parent:
        servers = descendants(parent.pid)
        assert {process.name() for process in servers} >= {"postgres", "nats-server"}

        parent.send_signal(signal.SIGKILL)
        parent.wait()

        gone, alive = psutil.wait_procs(servers, timeout=20)
        assert [process for process in alive if not has_ended(process)] == []
        assert gone or alive


def test_an_ordinary_user_can_start_the_servers(private_folder: Path) -> None:
    account = unprivileged_account()
    if account is not None:
        os.chown(private_folder, account.uid, account.gid)
    with start_both(private_folder, seconds=0, python=public_python(), account=account) as user:
        assert user.wait(30) == 0


def test_root_can_start_postgres_below_a_folder_that_only_root_enters(
    private_folder: Path,
) -> None:
    closed = private_folder / "closed"
    closed.mkdir(mode=0o700)
    with PostgresServer(closed / "postgresql") as server:
        server.execute("create table notes (text text)")
        home = (closed / "postgresql").resolve()
    with PostgresServer(closed / "postgresql") as again:
        again.execute("select text from notes")
    assert (home / "data").exists()
    subprocess.run(["rm", "-r", str(home)], check=True)


def start_both(
    folder: Path, *, seconds: float, python: str, account=None
) -> subprocess.Popen[bytes]:
    source = Path(__file__).parents[1] / "src"
    packages = Path(psutil.__file__).parents[1]
    identity = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    process = subprocess.Popen(
        [python, "-c", textwrap.dedent(START_BOTH_AND_WAIT), str(folder), str(seconds)],
        env={"PYTHONPATH": f"{source}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdout=subprocess.PIPE,
        **identity,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"postgresql://")
    return process


def public_python() -> str:
    """An interpreter that every user may execute: ours may lie in root's home folder."""
    account = unprivileged_account()
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        if account is None or account.runs([candidate, "--version"]):
            return candidate
    raise AssertionError("no Python that an ordinary user can execute")
