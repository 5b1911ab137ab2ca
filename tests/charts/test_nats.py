"""NATS's configuration in the demo: a server takes it, and its users are those of the chassis."""

import re
import subprocess
from pathlib import Path
from typing import Any

from chassis.messaging.permissions import platform_users
from devkit.charts import Rendering, render
from devkit.deployables import topologies
from devkit.embedded.nats import nats_binary
from devkit.embedded.nats_accounts import OBSERVER

USER = re.compile(
    r"\{user: (?P<user>\S+), password: \$(?P<password>\S+), permissions: \{\s+"
    r"publish: \{allow: \[(?P<publish>.*?)\]\}\s+subscribe: \{allow: \[(?P<subscribe>.*?)\]\}",
    re.DOTALL,
)


def configuration(demo: Rendering) -> str:
    text: str = demo.named("ConfigMap", "demo-nats")["data"]["nats.conf"]
    return text


def test_users_and_permissions_are_those_of_the_chassis(demo: Rendering):
    declared = {
        user.name: (set(user.publish), set(user.subscribe)) for user in platform_users(topologies())
    }
    assert users(configuration(demo)) == declared


def test_an_observer_is_there_only_when_asked_for_and_is_the_one_of_devkit(charts: Path):
    watched = render(charts / "demo", {"nats": {"observer": {"enabled": True}}})
    assert users(configuration(watched))["observer"] == (
        set(OBSERVER.publish),
        set(OBSERVER.subscribe),
    )
    url = watched.named("Secret", "demo-nats-observer")["stringData"]["url"]
    password = watched.named("Secret", "demo-nats")["stringData"]["observer"]
    assert url == f"nats://observer:{password}@demo-nats:4222"


def users(text: str) -> dict[str, Any]:
    assert "deny" not in text
    return {
        match["user"]: (subjects(match["publish"]), subjects(match["subscribe"]))
        for match in USER.finditer(text)
    }


def subjects(text: str) -> set[str]:
    return set(re.findall(r'"([^"]+)"', text))


def test_every_user_has_a_password(demo: Rendering):
    passwords = demo.named("Secret", "demo-nats")["stringData"]["passwords.conf"]
    defined = {line.partition(":")[0] for line in passwords.splitlines()}
    assert defined == {match["password"] for match in USER.finditer(configuration(demo))}


def test_what_is_acknowledged_survives_a_power_cut(demo: Rendering):
    assert "sync_interval: always" in configuration(demo)


def test_a_server_takes_the_configuration(demo: Rendering, tmp_path: Path):
    (tmp_path / "nats.conf").write_text(configuration(demo))
    passwords = demo.named("Secret", "demo-nats")["stringData"]["passwords.conf"]
    (tmp_path / "passwords.conf").write_text(passwords)
    check = [nats_binary(), "-t", "-c", tmp_path / "nats.conf"]
    finished = subprocess.run(check, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_all_streams_fit_into_the_file_store(demo: Rendering):
    limit = re.search(r"max_file_store: (\d+)GB", configuration(demo))
    assert limit is not None
    reserved = sum(stream.max_bytes for topology in topologies() for stream in topology.streams)
    assert reserved <= int(limit[1]) * 2**30
