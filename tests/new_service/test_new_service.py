"""`make new-service` in a copy of the repository: what it makes passes what every service has to.

One service is made always. `make template-test` makes four, three of them beside each other, of
which one commands another in its saga, and runs everything on them. The one has a name that no team
will take, so that these tests pass in a repository to which services have been added.
"""

import json
import os
import re
from dataclasses import dataclass

import pytest
from new_service.repository import Repository, copied_to

EVERYTHING = os.environ.get("TEMPLATES") == "all"
PLATFORM_TESTS = (
    *("tests/charts", "tests/contract", "tests/flows", "tests/k8s"),
    *("tests/test_nats_permissions.py", "tests/test_database_roles.py"),
)
"""All of them in `make template-test`, else those that are about the new service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A service that somebody wants; what is not answered is as the template has it."""

    name: str
    answers: tuple[str, ...] = ()

    @property
    def arguments(self) -> str:
        return " ".join(["--defaults", *(f"--data {one}" for one in self.answers)])

    @property
    def folder(self) -> str:
        return f"services/{self.name}"


EVENTS_AND_HTTP = Asked(name="trial-service")
A_SAGA = Asked(
    name="club-service",
    answers=(
        *("thing=Membership", "saga=own"),
        *("consumes=order.OrderApproved.v1", "about=order_id"),
    ),
)
A_PARTICIPANT = Asked(
    name="gift-service",
    answers=("thing=GiftCard", "saga=participant", "orchestrator=club", "consumes="),
)
A_VIEW = Asked(
    name="sales-service",
    answers=(
        *("keeps=view", "thing=Sale"),
        "consumes=order.OrderPlaced.v1,order.OrderDelivered.v1,shipping.ShipmentDispatched.v1",
    ),
)
TOGETHER = ((EVENTS_AND_HTTP, A_SAGA, A_PARTICIPANT), (A_VIEW,))
ASKED = TOGETHER if EVERYTHING else ((EVENTS_AND_HTTP,),)
"""Services that are made one after the other in the same repository."""
ORDERS = 40 if EVERYTHING else 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A repository with services that were made in it, and what was said of the last one.

    All but the last are committed.
    """

    services: tuple[Asked, ...]
    repository: Repository
    said: str

    @property
    def folders(self) -> list[str]:
        return [one.folder for one in self.services]


@pytest.fixture(scope="module", params=ASKED, ids=lambda asked: "-and-".join(s.name for s in asked))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    repository, said = copied_to(tmp_path_factory.mktemp("made") / "repository"), ""
    for asked in request.param:
        repository.commit("What was made before")
        said = repository.make("new-service", f"NAME={asked.name}", f"ARGS={asked.arguments}")
    return Made(services=request.param, repository=repository, said=said)


@pytest.mark.slow
def test_it_keeps_the_rules_of_the_repository(made: Made):
    if EVERYTHING:
        made.repository.make("check")
    else:
        made.repository.make("lint")
        sources = [f"{one.folder}/src/{one.name.replace('-', '_')}" for one in made.services]
        made.repository.run(".venv/bin/mypy", *sources, "--no-incremental")


@pytest.mark.slow
def test_it_passes_its_own_tests(made: Made):
    said = made.repository.run(".venv/bin/pytest", "-q", *made.folders)

    assert re.search(r"\d+ passed", said)
    assert "skipped" not in said


@pytest.mark.slow
def test_it_is_part_of_the_platform(made: Made):
    names = " or ".join(one.name for one in made.services)
    of_it = f"{names} or without_a_contract or demo_has_them_all"
    chosen = [] if EVERYTHING else ["-k", of_it]
    made.repository.run(".venv/bin/pytest", "-q", *chosen, *PLATFORM_TESTS)
    demo = (made.repository.path / "tests/charts/golden/demo-default.yaml").read_text()

    for one in made.services:
        assert f"name: demo-{one.name}\n" in demo


@pytest.mark.slow
def test_it_takes_part_in_the_demonstration(made: Made):
    said = made.repository.make("demo", f"ORDERS={ORDERS}", "ARGS=--json").splitlines()
    (told,) = (json.loads(line) for line in said if line.startswith("{"))

    assert (told["in_flight"], told["sums_agree"]) == (0, True)
    if A_SAGA in made.services:
        approved = told["approved"] + told["cancelled"]
        assert told["sagas"]["OpenMembership"] == {"completed": approved, "compensated": 0}
        services = set(told["traces"]["approved"]["services"])
        assert {A_SAGA.name, A_PARTICIPANT.name} <= services


@pytest.mark.slow
def test_what_was_made_is_told_and_can_be_taken_back(made: Made):
    [undo] = re.findall(r"^  (git restore .*) && make install$", made.said, re.MULTILINE)
    changed = made.repository.changed()
    assert f"{made.folders[-1]}/README.md" in changed

    made.repository.commit("Made")
    before = made.repository.run("git", "rev-parse", "HEAD~")
    made.repository.run("git", "reset", "--quiet", "--mixed", before.strip())
    made.repository.run("bash", "-c", undo)

    assert made.repository.changed() == []
    made.repository.run("git", "reset", "--quiet", "--hard", "ORIG_HEAD")


@pytest.mark.slow
def test_what_becomes_of_the_template_comes_into_the_service_and_own_changes_stay(made: Made):
    repository = made.repository
    for folder in made.folders:
        readme = repository.path / folder / "README.md"
        readme.write_text(readme.read_text() + "\nOwn words.\n")
    repository.commit("Say more")
    template = next((repository.path / "libs/service-template/template").rglob("settings.py.jinja"))
    template.write_text(template.read_text().replace("adds none.", "adds none so far."))
    repository.commit("Change the template")

    for one in made.services:
        repository.make("update-service", f"NAME={one.name}")
        [settings] = (repository.path / one.folder).glob("src/*/settings.py")

        assert f"{one.name} adds none so far." in settings.read_text()
        readme = repository.path / one.folder / "README.md"
        assert readme.read_text().endswith("\nOwn words.\n")
        assert repository.changed() == [
            f"{one.folder}/.copier-answers.yml",
            str(settings.relative_to(repository.path)),
        ]
        repository.commit("Take it in")
