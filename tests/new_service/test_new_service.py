"""`make new-service` in a copy of the repository: what it makes passes what every service has to.

One service is made always. `make template-test` makes three, and runs everything on them.
"""

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

    def __str__(self) -> str:
        return self.name


EVENTS_AND_HTTP = Asked(name="loyalty-service")
COMMANDS_AND_A_SAGA = Asked(
    name="club-service",
    answers=("thing=Membership", "saga=own", "consumes=order.OrderApproved.v1"),
)
A_VIEW = Asked(
    name="sales-service",
    answers=(
        *("keeps=view", "thing=Sale"),
        "consumes=order.OrderPlaced.v1,order.OrderDelivered.v1,shipping.ShipmentDispatched.v1",
    ),
)
ASKED = (EVENTS_AND_HTTP, COMMANDS_AND_A_SAGA, A_VIEW) if EVERYTHING else (EVENTS_AND_HTTP,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A repository with a service that was made in it, and what was said of that."""

    asked: Asked
    repository: Repository
    said: str


@pytest.fixture(scope="module", params=ASKED, ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    asked: Asked = request.param
    repository = copied_to(tmp_path_factory.mktemp("made") / "repository")
    said = repository.make("new-service", f"NAME={asked.name}", f"ARGS={asked.arguments}")
    return Made(asked=asked, repository=repository, said=said)


@pytest.mark.slow
def test_it_keeps_the_rules_of_the_repository(made: Made):
    package = made.asked.name.replace("-", "_")
    if EVERYTHING:
        made.repository.make("check")
    else:
        made.repository.make("lint")
        made.repository.run(
            *(".venv/bin/mypy", f"services/{made.asked.name}/src/{package}", "--no-incremental")
        )


@pytest.mark.slow
def test_it_passes_its_own_tests(made: Made):
    said = made.repository.run(".venv/bin/pytest", "-q", f"services/{made.asked.name}")

    assert re.search(r"\d+ passed", said)
    assert "skipped" not in said


@pytest.mark.slow
def test_it_is_part_of_the_platform(made: Made):
    of_it = f"{made.asked.name} or without_a_contract or demo_has_them_all"
    chosen = [] if EVERYTHING else ["-k", of_it]
    made.repository.run(".venv/bin/pytest", "-q", *chosen, *PLATFORM_TESTS)
    demo = (made.repository.path / "tests/charts/golden/demo-default.yaml").read_text()

    assert f"name: demo-{made.asked.name}\n" in demo


@pytest.mark.slow
def test_what_was_made_is_told_and_can_be_taken_back(made: Made):
    [undo] = re.findall(r"^  (git restore .*) && make install$", made.said, re.MULTILINE)
    changed = made.repository.changed()
    assert f"services/{made.asked.name}/README.md" in changed

    made.repository.commit("Made")
    before = made.repository.run("git", "rev-parse", "HEAD~")
    made.repository.run("git", "reset", "--quiet", "--mixed", before.strip())
    made.repository.run("bash", "-c", undo)

    assert made.repository.changed() == []
    made.repository.run("git", "reset", "--quiet", "--hard", "ORIG_HEAD")


@pytest.mark.slow
def test_what_becomes_of_the_template_comes_into_the_service_and_own_changes_stay(made: Made):
    repository, service = made.repository, made.repository.path / "services" / made.asked.name
    readme, settings = service / "README.md", next(service.glob("src/*/settings.py"))
    repository.commit("Made")
    readme.write_text(readme.read_text() + "\nOwn words.\n")
    repository.commit("Say more")
    template = next((repository.path / "libs/service-template/template").rglob("settings.py.jinja"))
    template.write_text(template.read_text().replace("adds none.", "adds none so far."))
    repository.commit("Change the template")

    repository.make("update-service", f"NAME={made.asked.name}")

    assert f"{made.asked.name} adds none so far." in settings.read_text()
    assert readme.read_text().endswith("\nOwn words.\n")
    of_service = f"services/{made.asked.name}"
    assert repository.changed() == [
        f"{of_service}/.copier-answers.yml",
        str(settings.relative_to(repository.path)),
    ]
