"""The doctor: each thing that can be out of order is found, with a remedy, and never stops the others."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import onserver
import pytest
from sqlalchemy import text
from workspaces import NOON, Clock, hand_over, make_workspace, opened

from harvester import doctor
from harvester.doctor import Check, Status, diagnosis, examine
from harvester.run import run


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def seen(folder: Path | None, now: datetime = NOON, **environ: str) -> dict[str, Check]:
    return {check.name: check for check in examine(folder, environ, now)}


def test_a_fresh_workspace_is_in_order_but_has_no_schedule(workspace: Path):
    found = seen(workspace)
    assert {name for name, check in found.items() if check.status is not Status.OK} == {"schedules"}
    assert set(found) == {*doctor.MACHINE, *doctor.WORKSPACE}
    assert diagnosis(tuple(found.values())) == 0


def test_looking_leaves_nothing_behind(workspace: Path):
    before = sorted(workspace.rglob("*"))
    seen(workspace)
    assert sorted(workspace.rglob("*")) == before


def test_without_a_workspace_only_the_machine_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert set(seen(None)) == {*doctor.MACHINE, "workspace"}


def test_a_folder_that_is_no_workspace_must_be_mended(tmp_path: Path):
    found = seen(tmp_path)
    assert found["workspace"].status is Status.FAIL
    assert "configuration" not in found
    assert diagnosis(tuple(found.values())) == 3


def test_each_line_says_what_to_do_in_both_languages(tmp_path: Path):
    for language in ("vi", "en"):
        line = seen(tmp_path)["workspace"].to_json(language)
        assert list(line) == ["name", "code", "status", "message", "remedy"]
        assert (line["status"], line["code"]) == ("fail", "DOC-021")
        assert "opendata init" in line["remedy"]


def test_a_broken_configuration_keeps_its_own_code_and_ends_the_list(workspace: Path):
    (workspace / "config" / "targets.toml").write_text("[[targets]\n")
    found = seen(workspace)
    assert found["configuration"].status is Status.FAIL
    assert found["configuration"].code.startswith("CFG")
    assert "register" not in found
    assert diagnosis(tuple(found.values())) == 3


def test_a_wrong_variable_is_found(workspace: Path):
    assert seen(workspace, HTTPS_PROXY="nonsense")["environment"].status is Status.FAIL


def test_a_clock_that_was_reset_is_found(workspace: Path):
    found = seen(workspace, datetime(2000, 1, 1, 0, 5, tzinfo=UTC))["clock"]
    assert (found.status, "07:05 01/01/2000" in found.message.render("vi")) == (Status.FAIL, True)


@pytest.mark.parametrize(
    ("name", "attribute", "value", "status"),
    [
        ("python", "PYTHON", (9, 0), Status.FAIL),
        ("packages", "NEEDED", ("no_such_package",), Status.FAIL),
        ("sqlite", "SQLITE", (9, 0), Status.FAIL),
        ("disk", "FREE_BYTES", 2**60, Status.WARN),
    ],
)
def test_too_old_or_too_little_is_found(workspace: Path, monkeypatch, name: str, attribute: str, value, status: Status):
    monkeypatch.setattr(doctor, attribute, value)
    found = seen(workspace)[name]
    assert found.status is status
    assert found.remedy.render("vi")


def test_a_folder_that_hides_the_package_validators_is_found(workspace: Path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert seen(workspace)["email_columns"].status is Status.FAIL


def test_a_disk_without_links_or_locks_is_found(workspace: Path, monkeypatch):
    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", refused)
    assert seen(workspace)["links"].status is Status.WARN
    monkeypatch.setattr(Path, "symlink_to", refused)
    assert seen(workspace)["links"].status is Status.FAIL
    monkeypatch.setattr("filelock.FileLock.acquire", lambda self: None)
    assert seen(workspace)["locks"].status is Status.FAIL


def test_a_folder_that_cannot_be_written_is_found(workspace: Path, monkeypatch):
    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "w")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    found = seen(workspace)["workspace"]
    assert (found.status, "w" in found.message.render("en")) == (Status.FAIL, True)


def test_a_database_that_is_none_is_found(workspace: Path):
    (workspace / "state.db").write_text("not a database, and long enough to be read as one" * 40)
    found = seen(workspace)
    assert found["database"].status is Status.FAIL
    assert found["database"].code.startswith("STO")
    assert found["approvals"].status is Status.OK  # the others are looked at all the same


def test_open_runs_and_lost_versions_are_found(workspace: Path):
    hand_over(workspace, "tram")
    with opened(workspace, Clock()) as it:
        run(it, (), Clock())
    assert seen(workspace)["portal"].status is Status.OK
    with opened(workspace, Clock()) as it, it.store._writing() as connection:
        connection.execute(text("update run set state = 'running', ended = null"))
    assert seen(workspace, **onserver.environ(workspace))["leftovers"].status is Status.WARN
    shutil.rmtree(workspace / "portal" / "versions")
    assert seen(workspace)["portal"].status is Status.FAIL


def test_an_approval_without_a_name_is_a_warning(workspace: Path):
    file = workspace / "config" / "sources" / "so-y-te.toml"
    file.write_text(file.read_text().replace('approved_by = "Test"\n', 'schedule = "0 2 * * *"\n'))
    found = seen(workspace)
    assert found["approvals"].status is Status.WARN
    assert "so-y-te" in found["approvals"].message.render("vi")
    assert found["schedules"].status is Status.OK
