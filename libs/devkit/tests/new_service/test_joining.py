"""A participant gets its step in a saga that the template has made, beside what people changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from devkit.new_service.errors import NewServiceError
from devkit.new_service.joining import join, joined_by
from devkit.new_service.made_services import ANSWERS, MadeService, orchestrating, why_it_cannot_join

CLUB: Mapping[str, Any] = {
    "_commit": "abc",
    "service": "club-service",
    "thing": "Membership",
    "saga": "own",
    "participants": [],
    "consumes": [],
    "keeps": "aggregate",
}
GIFT: Mapping[str, Any] = {
    "service": "gift-service",
    "thing": "GiftCard",
    "saga": "participant",
    "consumes": [],
    "orchestrator": "club",
}
SAGA, README = "services/club-service/saga.py", "services/club-service/README.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with an orchestrating service and a participant."""
    render(tmp_path / "repository", CLUB, "abc")
    keep_answers(tmp_path / "repository", GIFT)
    return tmp_path / "repository"


def keep_answers(root: Path, answers: Mapping[str, Any]) -> None:
    kept = root / "services" / answers["service"] / ANSWERS
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(yaml.safe_dump(dict(answers)))


def render(folder: Path, answers: Mapping[str, Any], commit: str) -> None:
    """A template of a saga, with a step for each participant."""
    assert commit == "abc"
    keep_answers(folder, answers)
    steps = ["request", *answers["participants"], "open"]
    (folder / SAGA).write_text("the saga\n\n\n" + "".join(f"{step}\n\n" for step in steps))
    (folder / README).write_text("A club.\n")
    for one in answers["participants"]:
        (folder / "services/club-service" / f"{one}.py").write_text("its commands\n")


def club(root: Path) -> MadeService:
    found = joined_by(root, "gift-service")
    assert found is not None
    return found


def test_the_saga_gets_a_step_and_remembers_whose_it_is(root: Path):
    join(root, "gift-service", club(root), render)

    assert "request\n\ngift-service\n\nopen" in (root / SAGA).read_text()
    assert (root / "services/club-service/gift-service.py").is_file()
    assert club(root).participants == ["gift-service"]


def test_what_people_have_changed_stays(root: Path):
    (root / SAGA).write_text((root / SAGA).read_text().replace("the saga", "our saga"))
    (root / README).write_text("Our club.\n")

    join(root, "gift-service", club(root), render)

    assert "our saga" in (root / SAGA).read_text()
    assert "gift-service" in (root / SAGA).read_text()
    assert (root / README).read_text() == "Our club.\n"


def test_a_step_that_would_go_where_people_have_changed_something_is_refused(root: Path):
    own = (root / SAGA).read_text().replace("request\n\nopen", "request\n\ncheck\n\nopen")
    (root / SAGA).write_text(own)

    with pytest.raises(NewServiceError, match=r"docs/howto/change-a-saga\.md"):
        join(root, "gift-service", club(root), render)

    assert (root / SAGA).read_text() == own
    assert club(root).participants == []


def test_a_service_of_an_older_template_has_to_be_updated_first(root: Path):
    keep_answers(root, {name: value for name, value in CLUB.items() if name != "participants"})

    with pytest.raises(NewServiceError, match="make update-service NAME=club-service"):
        join(root, "gift-service", club(root), render)


def test_only_sagas_that_the_template_has_made_are_joined(root: Path):
    keep_answers(root, {**GIFT, "orchestrator": "order"})

    assert joined_by(root, "gift-service") is None
    assert orchestrating(root, "gift") is None


def test_two_participants_cannot_open_things_of_the_same_name(root: Path):
    join(root, "gift-service", club(root), render)

    def why(service: str, thing: str) -> str:
        return why_it_cannot_join(root, service, "club", thing, consumes=(), about="")

    assert why("badge-service", "Badge") == ""
    assert "take another class name" in why("badge-service", "GiftCard")
    assert "take another class name" in why("badge-service", "Membership")
    assert why("gift-service", "GiftCard") == ""
