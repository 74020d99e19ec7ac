"""The whole job on a real CKAN: exactly the calls that are needed, people's edits kept, outages counted and healed."""

from collections.abc import Callable
from pathlib import Path

import ckanapi
import ckans
import pytest
import requests
from ckans import Editor, do_run, outcomes
from samples import agency
from workspaces import Clock, hand_over

import checks
from harvester.by_hand import rollback, withdraw
from harvester.errors import ConfigurationError, PublicationRefused
from publishers import ckan_transport

pytestmark = pytest.mark.ckan

Desk = tuple[Path, Editor]
"""A workspace and who publishes from it."""


@pytest.fixture
def owner() -> str:
    return ckans.organisation(ckans.unique("Sở Y tế"))


@pytest.fixture
def desk(tmp_path: Path, owner: str) -> Desk:
    who = ckans.editor(owner)
    return ckans.make_workspace(tmp_path / "w", who, owner), who


def shown(desk: Desk, identifier: str) -> dict:
    """The dataset as an anonymous reader gets it."""
    return dict(ckans.anonymous().action.package_show(id=ckans.names(*desk)[identifier]))


def edit(desk: Desk, identifier: str, **fields: object) -> None:
    """What a person does on the portal's page of the dataset."""
    ckans.admin().action.package_patch(id=ckans.names(*desk)[identifier], **fields)


def calls(act: Callable[[], object]) -> tuple[object, list[str]]:
    """What `act` gave, and the write calls that the server's own log has of it."""
    before = len(ckans.write_calls(ckans.calls_log()))
    result = act()
    return result, [line.split()[1].rpartition("/")[2] for line in ckans.write_calls(ckans.calls_log())[before:]]


def test_a_dataset_is_published_in_two_calls_changed_in_one_and_left_alone_in_none(desk: Desk):
    folder, who = desk
    hand_over(folder, ckans.unique("a"))
    first, written = calls(lambda: do_run(folder, who))
    assert list(outcomes(first).values()) == ["published"]
    assert written == ["package_create", "package_revise"]
    again, written = calls(lambda: do_run(folder, who))
    assert (list(outcomes(again).values()), written) == (["unchanged"], [])
    (name,) = outcomes(first)
    hand_over(folder, name, rows="ma,ten\n7,Bảy\n")
    third, written = calls(lambda: do_run(folder, who))
    assert (list(outcomes(third).values()), written) == (["published"], ["package_revise"])
    (resource,) = shown(desk, name)["resources"]
    assert requests.get(resource["url"], timeout=30).content.decode() == "ma,ten\n7,Bảy\n"


def test_sixty_datasets_then_exactly_the_calls_that_are_needed(tmp_path: Path, owner: str):
    who = ckans.editor(owner)
    folder = ckans.make_workspace(tmp_path / "w", who, owner, ("mot", "hai"))
    token = ckans.unique("")
    for number in range(60):
        source = ("mot", "hai")[number % 2]
        hand_over(folder, f"bo{token}-{number}", rows=f"ma,ten\n{number},Số {number}\n", source=source)
    clock = Clock()
    first, written = calls(lambda: do_run(folder, who, clock))
    assert set(outcomes(first).values()) == {"published"}
    assert (written.count("package_create"), written.count("package_revise")) == (60, 60)
    assert calls(lambda: do_run(folder, who, clock))[1] == []
    hand_over(folder, f"bo{token}-0", rows="ma,ten\n1000,Khác\n", source="mot")
    edit((folder, who), f"bo{token}-1", notes="Sửa trên cổng.")
    (folder / "ban-giao" / "mot" / f"bo{token}-2").rename(folder / "ban-giao" / "mot" / f"bo{token}-2-moi")
    gone = folder / "ban-giao" / "hai" / f"bo{token}-3"
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    before = ckans.names(folder, who)
    second, written = calls(lambda: do_run(folder, who, clock))
    assert written == ["package_revise"] * 2  # the changed one, and the new identifier of the renamed one
    assert outcomes(second)[f"bo{token}-0"] == "published"
    assert outcomes(second)[f"bo{token}-1"] == "unchanged"
    assert ckans.names(folder, who)[f"bo{token}-2-moi"] == before[f"bo{token}-2"]
    assert "RUN-017" in {finding.code for source in second.sources for finding in source.findings}
    clock.pass_by(hours=25)
    third, written = calls(lambda: do_run(folder, who, clock))
    assert (written, sum(source.missing for source in third.sources)) == (["package_revise"], 1)
    with pytest.raises(ckanapi.NotAuthorized):
        ckans.anonymous().action.package_show(id=before[f"bo{token}-3"])
    assert shown((folder, who), f"bo{token}-1")["notes"] == "Sửa trên cổng."


def test_an_edit_on_the_portal_is_kept_while_the_source_changes_something_else(desk: Desk):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    edit(desk, name, notes="Mô tả do cổng sửa.", tags=[{"name": "y tế"}])
    hand_over(folder, name, rows="ma,ten\n5,Năm\n")
    result = do_run(folder, who)
    assert outcomes(result) == {name: "published"}
    now = shown(desk, name)
    assert (now["notes"], [tag["name"] for tag in now["tags"]]) == ("Mô tả do cổng sửa.", ["y tế"])
    assert requests.get(now["resources"][0]["url"], timeout=30).text == "ma,ten\n5,Năm\n"
    assert {"RUN-017"} <= {finding.code for finding in result.sources[0].findings}


def test_what_both_a_person_and_the_source_changed_is_held_with_both_values(desk: Desk):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    edit(desk, name, notes="Cổng nói thế này.")
    hand_over(folder, name, description="Nguồn nói thế kia, cập nhật định kỳ.")
    result, written = calls(lambda: do_run(folder, who))
    assert (outcomes(result), written) == ({name: "held"}, [])
    told = next(finding.message.render("vi") for finding in result.sources[0].findings if finding.code == "RUN-018")
    assert "Cổng nói thế này." in told
    assert "Nguồn nói thế kia" in told
    edit(desk, name, notes="Nguồn nói thế kia, cập nhật định kỳ.")
    assert outcomes(do_run(folder, who)) == {name: "published"}


def test_what_others_added_to_our_dataset_stays(desk: Desk, owner: str):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    ckans.admin().action.resource_create(
        package_id=ckans.names(*desk)[name], url="https://example.org/x", name="Của cổng"
    )
    package = shown(desk, name)
    edit(desk, name, extras=[*package["extras"], {"key": "cua_cong", "value": "giữ"}])
    hand_over(folder, name, rows="ma,ten\n5,Năm\n")
    do_run(folder, who)
    now = shown(desk, name)
    assert {"key": "cua_cong", "value": "giữ"} in now["extras"]
    assert [resource["name"] for resource in now["resources"]][1:] == ["Của cổng"]
    assert now["resources"][0]["id"] == package["resources"][0]["id"]


def test_a_dataset_renamed_on_the_portal_is_still_ours(desk: Desk):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    other = ckans.unique("ten-khac")
    edit(desk, name, name=other)
    hand_over(folder, name, rows="ma,ten\n5,Năm\n")
    result, written = calls(lambda: do_run(folder, who))
    assert (outcomes(result), written) == ({name: "published"}, ["package_revise"])
    assert result.sources[0].datasets[0].url.endswith(f"/dataset/{other}")


def test_withdrawn_is_hidden_with_a_tombstone_and_comes_back_by_rollback(desk: Desk):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    frozen = ckans.names(*desk)[name]
    (resource,) = shown(desk, name)["resources"]
    clock = Clock()
    with ckans.opened(folder, who, clock) as workspace:
        withdraw(workspace, frozen, "Số liệu sai", clock, confirm=lambda plan: True)
    with pytest.raises(ckanapi.NotAuthorized):
        ckans.anonymous().action.package_show(id=frozen)
    assert requests.get(resource["url"], timeout=30, allow_redirects=False).status_code in (302, 403, 404)
    extras = {e["key"]: e["value"] for e in ckans.admin().action.package_show(id=frozen)["extras"]}
    assert extras["opendata_reason"] == "Số liệu sai"
    with ckans.opened(folder, who, clock) as workspace:
        rollback(workspace, frozen, None, "", clock, confirm=lambda plan: True, judge=checks.check)
    assert shown(desk, name)["resources"][0]["id"] == resource["id"]


@pytest.mark.parametrize("hide", ["delete", "make private"])
def test_a_dataset_hidden_on_the_portal_is_not_put_back_without_asking(desk: Desk, hide: str):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    if hide == "delete":
        ckans.admin().action.package_delete(id=ckans.names(*desk)[name])
    else:
        edit(desk, name, private=True)
    result, written = calls(lambda: do_run(folder, who))
    assert (outcomes(result), written) == ({name: "held"}, [])
    clock = Clock()
    with ckans.opened(folder, who, clock) as workspace:
        rollback(workspace, ckans.names(*desk)[name], 1, "", clock, confirm=lambda plan: True, judge=checks.check)
    assert shown(desk, name)["state"] == "active"


def test_without_a_known_token_nothing_runs(desk: Desk):
    folder, who = desk
    hand_over(folder, ckans.unique("a"))
    for token in ("", "eyJhbGciOiJIUzI1NiJ9.wrong.token"):
        with pytest.raises(ConfigurationError) as refused:
            do_run(folder, Editor(who.name, token))
        assert refused.value.code in ("CKN-021", "CKN-013")
        assert not token or token not in str(refused.value)


def test_where_the_token_may_not_publish_the_others_go_on(tmp_path: Path, owner: str):
    who = ckans.editor(owner)
    folder = ckans.make_workspace(tmp_path / "w", who, owner)
    sources = folder / "config" / "sources"
    (folder / "ban-giao" / "khac").mkdir()
    written = (sources / "so-y-te.toml").read_text()
    (sources / "khac.toml").write_text(written.replace("so-y-te", "so-noi-vu", 1).replace("giao/so-y-te", "giao/khac"))
    ckans.organisation("Sở Nội vụ", "so-noi-vu")
    hand_over(folder, ckans.unique("a"))
    hand_over(folder, ckans.unique("b"), source="khac")
    result = do_run(folder, who)
    assert sorted(outcomes(result).values()) == ["failed", "published"]
    codes = {finding.code for source in result.sources for finding in source.findings}
    assert "CKN-012" in codes
    with ckans.opened(folder, who, Clock()) as workspace:
        assert workspace.store.open_entries() == ()


def test_an_organisation_is_made_by_who_may_and_matched_by_its_title(tmp_path: Path):
    root = Editor("admin", ckans.os.environ["CKAN_API_KEY"])
    publisher = root.publisher()
    made = agency(id="NA-X", slug=ckans.unique("co-quan"), name=ckans.unique("Cơ quan thử"))
    assert publisher.organisations.ensure(made).name == made.slug
    again = root.publisher()
    assert again.organisations.ensure(agency(id="NA-X", slug="ten-khac", name=made.name_vi)).name == made.slug
    with pytest.raises(PublicationRefused, match="is it"):
        again.organisations.ensure(agency(id="NA-X", slug=made.slug, name="Một cơ quan khác"))


def test_a_token_never_leaves_in_an_error_or_the_journal(desk: Desk):
    folder, who = desk
    hand_over(folder, ckans.unique("a"))
    do_run(folder, who)
    assert who.token.encode() not in (folder / "state.db").read_bytes()
    assert who.token not in repr(who.publisher().__dict__["_environment"])


def test_a_field_that_the_portal_refuses_is_named_and_the_last_version_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    do_run(folder, who)
    monkeypatch.setattr("publishers.ckan_fields.tags", lambda keywords: ["?"])
    hand_over(folder, name, rows="ma,ten\n5,Năm\n")
    result = do_run(folder, who)
    assert outcomes(result) == {name: "failed"}
    (finding,) = [f for f in result.sources[0].findings if f.code == "CKN-023"]
    assert "tags" in finding.message.render("en")
    assert requests.get(shown(desk, name)["resources"][0]["url"], timeout=30).text.startswith("ma,ten\n1,")
    monkeypatch.undo()
    assert outcomes(do_run(folder, who)) == {name: "published"}


def test_a_lost_answer_is_read_back_and_not_sent_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    folder, who = desk
    name = ckans.unique("a")
    hand_over(folder, name)
    write = ckan_transport.Wire.write

    def lost(self: ckan_transport.Wire, *arguments: object) -> object:
        write(self, *arguments)  # type: ignore[arg-type]
        raise ckan_transport._no_answer(self.url, "lost")

    monkeypatch.setattr(ckan_transport.Wire, "write", lost)
    result, written = calls(lambda: do_run(folder, who))
    assert (outcomes(result), written) == ({name: "published"}, ["package_create", "package_revise"])
