"""What `devkit new-service` refuses, before it writes anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from new_service.repository import Repository, copied_to

from devkit.new_service.answers import given_answers
from devkit.new_service.errors import NewServiceError
from devkit.new_service.rendering import write
from devkit.new_service.repository import check

NAME = "trial-service"
EVENT = "order.OrderDelivered.v1"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    repository = copied_to(tmp_path_factory.mktemp("refusing") / "repository")
    yield repository
    assert repository.changed() == []


@pytest.fixture
def root(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one is who wants a service."""
    monkeypatch.chdir(repository.path)
    return repository.path


@pytest.mark.parametrize("name", ["loyalty", "Loyalty-service", "loyalty_service", "-service"])
def test_a_name_that_is_none(root: Path, name: str):
    with pytest.raises(NewServiceError, match="write it like loyalty-service"):
        check(root, name)


def test_a_service_that_is_there_already(root: Path):
    with pytest.raises(NewServiceError, match="services/order-service is there already"):
        check(root, "order-service")


def test_an_event_that_nobody_publishes_with_those_that_there_are(root: Path):
    with pytest.raises(NewServiceError, match=r"nobody publishes order\.Lost\.v1") as refused:
        given_answers(root, ["consumes=order.Lost.v1"])

    assert EVENT in str(refused.value)
    assert "Snapshot" not in str(refused.value)


def test_an_answer_to_a_question_that_nobody_asks(root: Path):
    with pytest.raises(NewServiceError, match="asks for colour; questions are keeps, thing,"):
        given_answers(root, ["colour=blue"])


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (("keeps=view", "consumes="), "a view is made of events"),
        (("consumes=", "http=false"), "nothing would ever happen in this service"),
        (("consumes=", "http=false", "saga=own"), "nothing would start the saga"),
        (("thing=gift card",), "a class name is written like GiftCard"),
        ((f"consumes={EVENT},inventory.ProductRegistered.v1",), "no id in common"),
    ],
)
def test_answers_that_do_not_go_together(root: Path, answers: tuple[str, ...], why: str):
    with pytest.raises(NewServiceError, match=why):
        write(root, {"service": NAME, **given_answers(root, answers)}, defaults=True)


def test_a_list_of_services_with_changes_that_could_not_be_taken_back(
    root: Path, repository: Repository
):
    listing = root / "charts" / "demo" / "values.yaml"
    listing.write_text("# mine\n" + listing.read_text())

    with pytest.raises(NewServiceError, match="commit or stash them first") as refused:
        check(root, NAME)

    repository.run("git", "checkout", "--quiet", "charts")
    assert "charts/demo/values.yaml" in str(refused.value)


def test_another_folder_than_the_root(tmp_path: Path):
    with pytest.raises(NewServiceError, match=r"copier\.yml is in it"):
        check(tmp_path, NAME)
