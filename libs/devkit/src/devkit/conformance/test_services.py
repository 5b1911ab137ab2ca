"""Every service of the platform, by itself: its pages, its answers, its end."""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.contracts import Command, Kind
from chassis.metrics.catalogue import ALL
from chassis.metrics.reference import LIBRARY_PREFIXES
from devkit.conformance.correspondent import (
    Answer,
    Correspondent,
    Letter,
    letter_to,
)
from devkit.deployables import DEPLOYABLES, Deployable, relay_of, with_database, with_relay
from devkit.eventually import eventually
from devkit.platform import POSTGRESQL, Platform

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="package")]

_TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
_TRACE_PARENT = f"00-{_TRACE_ID}-b7ad6b7169203331-01"


def named(one: object) -> str:
    return one.name if isinstance(one, Deployable) else getattr(one, "__name__", "")


def answered_commands() -> Iterator[tuple[Deployable, type[Command]]]:
    """Each command that some service takes and answers."""
    for service in DEPLOYABLES:
        if not service.messaging or not any(
            channel.kind is Kind.REPLIES for channel in service.topology.publishes
        ):
            continue
        for message in catalogue_of(service.package).owned:
            if issubclass(message, Command):
                yield service, message


COMMANDS = list(answered_commands())
FIRST_COMMANDS = list({service.name: (service, message) for service, message in COMMANDS}.values())

every_service = pytest.mark.parametrize("service", DEPLOYABLES, ids=named)
every_command = pytest.mark.parametrize(("service", "command"), COMMANDS, ids=named)
every_participant = pytest.mark.parametrize(("service", "command"), FIRST_COMMANDS, ids=named)


@every_service
async def test_it_says_that_it_lives_and_that_it_is_ready(
    service: Deployable, platform: Platform, http: httpx.AsyncClient
) -> None:
    url = platform.addresses.http[service.name]

    assert (await http.get(f"{url}/livez")).json() == {"status": "live"}
    await eventually(lambda: _is_ready(http, url))
    assert (await http.get(f"{url}/readyz")).json()["status"] == "ready"


@every_service
async def test_errors_are_problems(
    service: Deployable, platform: Platform, http: httpx.AsyncClient
) -> None:
    answer = await http.get(f"{platform.addresses.http[service.name]}/no/such/page")

    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == httpx.codes.NOT_FOUND


@every_service
async def test_it_shows_metrics_of_the_catalogue_and_no_others(
    service: Deployable, platform: Platform, http: httpx.AsyncClient
) -> None:
    page = (await http.get(f"{platform.addresses.http[service.name]}/metrics")).text
    families = list(text_string_to_metric_families(page))

    assert _own_names(page) <= {metric.name for metric in ALL}
    [build] = [sample for one in families for sample in one.samples if "build_info" in sample.name]
    assert build.labels["service_name"] == service.name


@pytest.mark.parametrize("service", with_relay(), ids=named)
async def test_its_relay_lives_and_shows_metrics_of_the_catalogue(
    service: Deployable, platform: Platform, http: httpx.AsyncClient
) -> None:
    url = platform.addresses.relays[service.name]
    page = (await http.get(f"{url}/metrics")).text

    assert (await http.get(f"{url}/livez")).status_code == httpx.codes.OK
    assert _own_names(page) <= {metric.name for metric in ALL}


@every_command
async def test_a_command_is_answered_once_however_often_it_comes(
    service: Deployable, command: type[Command], correspondent: Correspondent
) -> None:
    letter = letter_to(service, command)
    await correspondent.send(letter)
    await eventually(lambda: correspondent.answers_to(letter))

    await correspondent.send(letter, **{h.NATS_MESSAGE_ID: str(new_id())})  # past the broker
    again = replace(letter, message_id=new_id())
    await correspondent.send(again)
    answers = await eventually(lambda: _answers(correspondent, letter, count=2))

    assert [answer.headers[h.CAUSATION_ID] for answer in answers] == [
        str(letter.message_id),
        str(again.message_id),
    ]
    assert answers[0].body == answers[1].body
    assert answers[0].headers[h.TYPE] == answers[1].headers[h.TYPE]


@every_command
async def test_an_answer_says_what_it_answers_and_carries_the_trace_on(
    service: Deployable, command: type[Command], correspondent: Correspondent
) -> None:
    letter = letter_to(service, command)
    await correspondent.send(letter, **{h.TRACE_PARENT: _TRACE_PARENT})
    [answer] = await eventually(lambda: correspondent.answers_to(letter))

    assert answer.headers[h.SOURCE] == service.name
    assert answer.headers[h.CORRELATION_ID] == str(letter.saga.saga_id)
    assert answer.headers[h.SAGA_STEP] == letter.saga.step
    assert answer.headers[h.OUTCOME] in {"success", "refused"}
    assert answer.headers[h.NATS_MESSAGE_ID] == answer.headers[h.ID]
    _, trace_id, span_id, _ = answer.headers[h.TRACE_PARENT].split("-")
    assert trace_id == _TRACE_ID
    assert span_id not in _TRACE_PARENT


@every_participant
async def test_commands_of_one_key_are_answered_in_their_order(
    service: Deployable, command: type[Command], correspondent: Correspondent
) -> None:
    first = letter_to(service, command)
    letters = [_with_step(first, f"step-{number}") for number in range(20)]
    for letter in letters:
        await correspondent.send(letter)

    answers = await eventually(lambda: _answers(correspondent, first, count=20))

    steps = [answer.headers[h.SAGA_STEP] for answer in answers]
    assert steps == [letter.saga.step for letter in letters]


@every_participant
async def test_what_cannot_be_read_is_a_dead_letter_and_stops_nobody(
    service: Deployable, command: type[Command], platform: Platform, correspondent: Correspondent
) -> None:
    letter = letter_to(service, command)
    broken = replace(letter, message_id=new_id())
    await correspondent.publish(letter.channel, letter.subject, b"{}", {"who": "a stranger"})
    await correspondent.publish(letter.channel, letter.subject, b"no JSON", broken.headers)
    await correspondent.send(letter)

    await eventually(lambda: correspondent.answers_to(letter))
    assert {"malformed", "unreadable"} <= await _dead(service, platform)


@every_participant
async def test_a_type_that_nobody_handles_waits_and_is_no_failure(
    service: Deployable, command: type[Command], platform: Platform, correspondent: Correspondent
) -> None:
    letter = letter_to(service, command)
    unknown = {**letter.headers, h.TYPE: f"{letter.channel.context}.FromTheFuture.v9"}
    await correspondent.publish(letter.channel, letter.subject, b"{}", unknown)

    async def waits() -> bool:
        return await _fetch(
            platform, service, "SELECT reason FROM deferred_messages WHERE message_id = $1", letter
        ) == ["unknown-type"]

    await eventually(waits)


@pytest.mark.parametrize("process", [str, relay_of], ids=["service", "relay"])
@every_participant
async def test_asked_to_end_it_finishes_what_it_has_and_loses_nothing(
    service: Deployable,
    command: type[Command],
    process: Callable[[str], str],
    platform: Platform,
    correspondent: Correspondent,
) -> None:
    name = process(service.name)
    letters = [letter_to(service, command) for _ in range(60)]
    restarts = platform.supervisor.restarts(name)
    for number, letter in enumerate(letters):
        await correspondent.send(letter)
        if number == len(letters) // 2:
            os.kill(platform.supervisor.pids[name], signal.SIGTERM)

    await eventually(lambda: platform.supervisor.restarts(name) > restarts, within=60)
    await eventually(lambda: all(map(correspondent.answers_to, letters)), within=60)
    assert [len(correspondent.answers_to(letter)) for letter in letters] == [1] * len(letters)
    log = platform.folder.log(name).read_text()
    assert re.search(r'"event": "(relay )?stopped"', log)


@pytest.mark.parametrize("service", with_database(), ids=named)
async def test_without_its_database_it_lives_and_is_not_ready(
    service: Deployable, platform: Platform, http: httpx.AsyncClient
) -> None:
    url = platform.addresses.http[service.name]
    postgresql = platform.supervisor.pids[POSTGRESQL]
    await eventually(lambda: _is_ready(http, url))
    os.kill(postgresql, signal.SIGSTOP)  # it takes no connections any more
    try:
        answer = await http.get(f"{url}/readyz")
        lives = await http.get(f"{url}/livez")
    finally:
        os.kill(postgresql, signal.SIGCONT)

    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.headers["retry-after"]
    assert lives.status_code == httpx.codes.OK
    await eventually(lambda: _is_ready(http, url))


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).is_success
    except httpx.TransportError:  # it has been ended, and is starting again
        return False


def _own_names(page: str) -> set[str]:
    """Of the metrics on a page, without those of libraries."""
    families = text_string_to_metric_families(page)
    shown = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    return {name for name in shown if not name.startswith(LIBRARY_PREFIXES)}


def _with_step(letter: Letter, step: str) -> Letter:
    return replace(letter, saga=replace(letter.saga, step=step), message_id=new_id())


def _answers(correspondent: Correspondent, letter: Letter, *, count: int) -> list[Answer]:
    """So many, or none yet."""
    answers = correspondent.answers_to(letter)
    return answers if len(answers) >= count else []


async def _dead(service: Deployable, platform: Platform) -> set[str]:
    return set(await _fetch(platform, service, "SELECT reason FROM dead_letters"))


async def _fetch(
    platform: Platform, service: Deployable, statement: str, letter: Letter | None = None
) -> list[str]:
    """The first column of what a service's database says, about a letter where one is given."""
    connection = await asyncpg.connect(platform.addresses.postgresql[service.name])
    try:
        arguments = [letter.message_id] if letter else []
        return [row[0] for row in await connection.fetch(statement, *arguments)]
    finally:
        await asyncio.wait_for(connection.close(), 60)
