import shutil
from pathlib import Path

import pytest

from devkit.run_folder import RunFolder, RunFolderError, lasting_run_folder, passing_run_folder


def test_a_second_run_in_the_same_folder_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with lasting_run_folder(tmp_path), pytest.raises(RunFolderError, match="set RUN_DIR"):
        lasting_run_folder(tmp_path).__enter__()


def test_two_runs_in_different_folders_do_not_meet(tmp_path: Path) -> None:
    with lasting_run_folder(tmp_path / "a") as a, lasting_run_folder(tmp_path / "b") as b:
        assert a.path != b.path


def test_a_folder_is_free_again_after_its_run(tmp_path: Path) -> None:
    with lasting_run_folder(tmp_path):
        pass
    with lasting_run_folder(tmp_path):
        pass


def test_a_later_run_has_the_same_ports(tmp_path: Path) -> None:
    first = RunFolder(tmp_path).port("order-service")
    assert RunFolder(tmp_path).port("order-service") == first


def test_no_port_is_given_twice(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    names = [str(number) for number in range(50)]
    assert len({folder.port(name) for name in names}) == len(names)


def test_secrets_are_for_this_user_only(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).secret("database-url", "postgresql://…")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.read_text() == "postgresql://…"


def test_logs_of_the_run_before_are_kept_aside(tmp_path: Path) -> None:
    RunFolder(tmp_path).log("nats").write_text("yesterday")
    assert not RunFolder(tmp_path).log("nats").exists()
    assert (tmp_path / "logs.before" / "nats.log").read_text() == "yesterday"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="Not a directory; set RUN_DIR"):
        lasting_run_folder(tmp_path / "file" / "run").__enter__()


def test_a_passing_folder_is_gone_afterwards_but_for_the_logs_of_a_failure() -> None:
    told: list[str] = []

    def fail() -> None:
        with passing_run_folder(told.append) as folder:
            folder.log("nats").write_text(str(folder.path))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    kept = Path(told[0].removeprefix("the logs are kept in "))
    assert not Path((kept / "nats.log").read_text()).exists()
    shutil.rmtree(kept)
