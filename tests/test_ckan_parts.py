"""What needs no CKAN: its words and ours, three versions merged, its errors told, the licence list."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import ckanapi
import pytest
import samples

from harvester.config import documents, packaged, read
from harvester.environment import environment
from harvester.errors import ConfigurationError
from harvester.hands import Hands
from harvester.model import Portal, Publication, Seen
from publishers import PUBLISHERS, ckan_fields
from publishers.ckan_licences import dumped, unknown
from publishers.ckan_merging import State, changes, merged, state_in, state_of
from publishers.ckan_refusals import refused

PORTAL = Portal("ckan", "Cổng dữ liệu mở", url="https://example.org")


def wanted(tmp_path: Path, **dataset: Any) -> Publication:
    file = samples.published_file(tmp_path)
    return samples.publication(file, dataset=samples.dataset(**dataset))


def state(publication: Publication) -> State:
    return state_of(publication, ckan_fields.fields(publication, "so-giao-duc", PORTAL))


def package(publication: Publication, **edits: Any) -> dict[str, Any]:
    """What CKAN shows after the publication was written, and then somebody edited it."""
    what = state(publication)
    made = ckan_fields.package(what.said, {})
    made["extras"].append({"key": ckan_fields.WRITTEN, "value": what.digest})
    shown = [
        {**resource, "url": f"https://example.org/download/{resource['url']}"} for resource in what.resources.values()
    ]
    return made | {"organization": {"name": "so-giao-duc"}, "resources": shown} | edits


def seen(publication: Publication, **edits: Any) -> Seen:
    what = state_in(package(publication, **edits))
    edited = what.digest != state(publication).digest
    return Seen("n", "", "", True, 1, False, {"state": what}, (), "", edited=edited)


def test_what_was_written_is_read_back_as_the_same(tmp_path: Path):
    publication = wanted(tmp_path)
    assert state_in(package(publication)).said == state(publication).said
    assert not seen(publication).edited
    assert changes(merged(state(publication), seen(publication), None), seen(publication)) == ()


def test_what_nobody_edited_becomes_what_is_wanted(tmp_path: Path):
    old, new = wanted(tmp_path), wanted(tmp_path, title="Tên mới")
    merge = merged(state(new), seen(old), state(old))
    assert merge.state.said["title"] == "Tên mới"
    assert (merge.edits, merge.new_bytes) == ((), frozenset())


@pytest.mark.parametrize(
    ("source", "kept", "conflict"),
    [("Mã trường và tên trường trên địa bàn tỉnh.", True, False), ("Nguồn đổi", True, True), ("Sửa tay", False, None)],
    ids=["source unchanged", "source changed too", "source says the same"],
)
def test_a_field_edited_on_the_portal(tmp_path: Path, source: str, kept: bool, conflict: bool | None):
    old, new = wanted(tmp_path), wanted(tmp_path, description=source)
    merge = merged(state(new), seen(old, notes="Sửa tay"), state(old))
    assert merge.state.said["description"] == "Sửa tay"
    assert [edit.conflict for edit in merge.edits] == ([conflict] if kept else [])


def test_when_the_ledger_was_lost_an_edit_is_for_a_person_to_decide(tmp_path: Path):
    publication = wanted(tmp_path)
    (edit,) = merged(state(publication), seen(publication, notes="Sửa tay"), None).edits
    assert (edit.field, edit.found, edit.conflict) == ("description", "Sửa tay", True)


def test_a_file_replaced_on_the_portal_is_kept_and_one_of_others_is_left_alone(tmp_path: Path):
    publication = wanted(tmp_path)
    (ours,) = package(publication)["resources"]
    theirs = {"id": "khac", "name": "Của cổng", "url": "https://example.org/x.csv", "url_type": ""}
    replaced = seen(publication, resources=[{**ours, "hash": ""}, theirs])
    merge = merged(state(publication), replaced, state(publication))
    assert [edit.file for edit in merge.edits] == [ours["id"]]
    assert (list(merge.state.resources), merge.new_bytes) == ([ours["id"], "khac"], frozenset())


def test_a_withdrawn_dataset_comes_back_with_all_its_bytes(tmp_path: Path):
    publication = wanted(tmp_path)
    gone = replace(seen(publication), withdrawn=True)
    assert merged(state(publication), gone, state(publication)).new_bytes == {publication.files[0].id}


@pytest.mark.parametrize(
    ("written", "legal"),
    [
        ("hộ nghèo", ["hộ nghèo"]),
        ("ho\u0323\u0302 ngheo", ["hộ ngheo"]),
        ("a/b (c)", ["a b c"]),
        ("x", []),
        ("", []),
        ("<script>", ["script"]),
        ("y" * 150, ["y" * 100]),
    ],
)
def test_tags_are_what_ckan_takes(written: str, legal: list[str]):
    assert ckan_fields.tags([written, written]) == legal


def test_no_field_is_longer_than_solr_takes_and_none_has_control_characters(tmp_path: Path):
    said = ckan_fields.fields(wanted(tmp_path, title="ữ" * 50_000, contact="a\x00b\r\nc"), "o", PORTAL)
    assert max(len(text.encode()) for text in said.values()) < 32_766
    assert said["contact"] == "a b\nc"


def test_an_illustration_says_so(tmp_path: Path):
    said = ckan_fields.fields(wanted(tmp_path), "o", replace(PORTAL, illustration=True))
    assert "MINH HỌA" in said["notice"].upper()
    assert said["description"].startswith(f"**{said['notice']}**")  # first on the dataset's page


def test_a_refusal_names_every_field_in_our_words():
    errors = {"__type": "Validation Error", "notes": ["too long"], "resources": [{}, {"format": ["no such"]}]}
    told = str(refused("bo-du-lieu", ckanapi.ValidationError(errors)).message)
    assert "description: too long" in told
    assert "resources[1].format: no such" in told


@pytest.mark.parametrize(
    ("variables", "code"),
    [({}, "CKN-020"), ({"CKAN_URL": "https://example.org"}, "CKN-021"), ({"CKAN_API_KEY": "x"}, "CKN-020")],
)
def test_without_address_or_token_it_says_what_to_write(tmp_path: Path, variables: dict[str, str], code: str):
    publisher = PUBLISHERS["ckan"](Portal("ckan", "Cổng"), tmp_path, environment(variables))
    with pytest.raises(ConfigurationError) as refused:
        publisher.find("bo-du-lieu-a1b2c3")
    assert refused.value.code == code


def test_the_licence_list_in_deploy_is_the_one_of_the_rules():
    rule_sets = read(documents(packaged())).rule_sets
    written = (Path(__file__).parent.parent / "deploy" / "ckan-licences.json").read_text("utf-8")
    assert written == dumped(rule_sets)
    listed = json.loads(written)
    assert unknown(rule_sets, listed) == []
    assert unknown(rule_sets, listed[2:]) == ["CC0-1.0", "CC-BY-4.0"]
    assert len({entry["id"] for entry in listed}) == len(listed)


def test_hands_do_a_few_things_at_once_and_tell_what_went_wrong():
    done: list[int] = []
    with Hands(3) as hands:
        for number in range(10):
            hands.do(lambda number=number: done.append(number))  # type: ignore[misc]
    assert sorted(done) == list(range(10))
    with pytest.raises(ZeroDivisionError), Hands(2) as hands:
        hands.do(lambda: done.append(1 // 0))
