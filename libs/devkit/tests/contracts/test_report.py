"""The report says of every need whether it is met, to people and to programs."""

import io
import json

import pytest
from rich.console import Console

from devkit.contracts.pacts import COMMAND, EVENT, make_pact
from devkit.contracts.page import page
from devkit.contracts.report import Report, RowState, rows_of, show
from devkit.contracts.results import Result

LOAF = {
    "type": EVENT,
    "description": "a loaf <fresh>",
    "metadata": {"ce-type": "bakery.Baked.v1"},
    "providerStates": [{"name": "a loaf was baked"}],
}
BAKE = {
    "type": COMMAND,
    "description": "Bake",
    "request": {"metadata": {"ce-type": "bakery.Bake.v1"}},
    "response": [{"metadata": {"ce-type": "bakery.Baking.v1"}}],
}
PACT = make_pact("shop-service", "bakery-service", [LOAF, BAKE])


def result(description: str, *faults: str, digest: str = PACT.digest) -> Result:
    return Result(
        consumer="shop-service",
        provider="bakery-service",
        description=description,
        digest=digest,
        faults=faults,
    )


def report(*results: Result, findings: tuple[str, ...] = ()) -> Report:
    return Report(
        version="1.4.0",
        at="2026-11-25 04:00 UTC",
        seconds=3,
        rows=rows_of([PACT], results),
        findings=findings,
    )


MET = report(result("a loaf <fresh>"), result("Bake"))
BROKEN = report(result("a loaf <fresh>", "header ce-type: is <gone>"), result("Bake"))


def told(one: Report) -> str:
    out = io.StringIO()
    show(one, Console(file=out, width=100, color_system=None))
    return out.getvalue()


def test_a_version_is_sound_when_every_need_is_met_and_nothing_is_missing():
    assert MET.sound
    assert not BROKEN.sound
    assert not report(result("a loaf <fresh>"), result("Bake"), findings=("one more",)).sound


@pytest.mark.parametrize(
    "results",
    [
        (),
        (result("a loaf <fresh>"),),
        (result("a loaf <fresh>"), result("Bake", digest="of another pact")),
    ],
)
def test_a_need_that_was_not_verified_is_not_met(results: tuple[Result, ...]):
    one = report(*results)

    assert not one.sound
    assert one.count(RowState.UNVERIFIED) == 2 - len(results[:1])


def test_the_table_names_pairs_messages_and_answers():
    said = told(MET)

    assert "shop-service needs of bakery-service" in said
    assert "bakery.Bake.v1" in said
    assert "→ bakery.Baking.v1" in said
    assert "2 needs of 1 pairs are met by version 1.4.0" in said


def test_what_is_broken_is_said_in_a_sentence():
    said = told(BROKEN)

    assert (
        "shop-service needs 'a loaf <fresh>' of bakery-service: header ce-type: is <gone>" in said
    )
    assert "are met by" not in said


def test_the_page_shows_every_need_and_nothing_from_elsewhere():
    html = page(BROKEN)

    assert "Something is in the way" in html
    assert "a loaf &lt;fresh&gt;" in html
    assert "is &lt;gone&gt;" in html
    assert "1 of 2" in html
    assert "prefers-color-scheme: dark" in html
    assert not any(part in html for part in ("<script", "http://", "https://", "url("))
    assert "Every need is met" in page(MET)


def test_programs_get_the_same():
    said = json.loads(json.dumps(BROKEN.as_json()))

    assert said["sound"] is False
    assert [row["state"] for row in said["rows"]] == ["broken", "verified"]
