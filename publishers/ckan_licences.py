"""A licence list for a CKAN portal's `licenses_group_url`, because CKAN's own knows none of Viet Nam's terms.

Without it `isopen` is false on every dataset under them. The list replaces CKAN's, so CKAN's own entries are in it too.
deploy/ckan-licences.json is that list for the packaged rules.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from harvester.model import RuleSet
from publishers.metadata import licence_address

TITLES = {
    "CC0-1.0": "Creative Commons CC0 1.0",
    "CC-BY-4.0": "Creative Commons Ghi công 4.0 (CC BY 4.0)",
    "CC-BY-SA-4.0": "Creative Commons Ghi công - Chia sẻ tương tự 4.0 (CC BY-SA 4.0)",
    "ODC-BY-1.0": "Open Data Commons Attribution 1.0",
    "ODbL-1.0": "Open Database License 1.0",
    "PDDL-1.0": "Open Data Commons Public Domain Dedication 1.0",
    "OGL-UK-3.0": "Open Government Licence 3.0",
    "MIT": "MIT",
    "vn-nd47-2020-d18": "Điều kiện sử dụng dữ liệu mở theo Điều 18 Nghị định 47/2020/NĐ-CP",
    "vn-gddt2023-d43": "Dữ liệu mở theo Điều 43 Luật Giao dịch điện tử 2023",
}

CKANS_OWN = (
    ("notspecified", "License not specified", False),
    ("odc-pddl", "Open Data Commons Public Domain Dedication and License (PDDL)", True),
    ("odc-odbl", "Open Data Commons Open Database License (ODbL)", True),
    ("odc-by", "Open Data Commons Attribution License", True),
    ("cc-zero", "Creative Commons CCZero", True),
    ("cc-by", "Creative Commons Attribution", True),
    ("cc-by-sa", "Creative Commons Attribution Share-Alike", True),
    ("gfdl", "GNU Free Documentation License", True),
    ("other-open", "Other (Open)", True),
    ("other-pd", "Other (Public Domain)", True),
    ("other-at", "Other (Attribution)", True),
    ("uk-ogl", "UK Open Government Licence (OGL)", True),
    ("cc-nc", "Creative Commons Non-Commercial (Any)", False),
    ("other-nc", "Other (Non-Commercial)", False),
    ("other-closed", "Other (Not Open)", False),
)
"""Id, title, whether open: ckan/model/license.py of 2.10 to 2.12."""


def licence_list(rule_sets: Iterable[RuleSet]) -> list[dict[str, Any]]:
    """The list as CKAN reads it: every licence that a rule set accepts, then CKAN's own."""
    ours = dict.fromkeys(id for rules in rule_sets for id in rules.licences.values())
    accepted = [_entry(id, TITLES.get(id, id), True) for id in ours]
    return accepted + [_entry(id, title, is_open) for id, title, is_open in CKANS_OWN]


def dumped(rule_sets: Iterable[RuleSet]) -> str:
    """The list as a file."""
    return json.dumps(licence_list(rule_sets), ensure_ascii=False, indent=1) + "\n"


def unknown(rule_sets: Iterable[RuleSet], listed: Iterable[Mapping[str, Any]]) -> list[str]:
    """The accepted licences that a portal's own list does not have as open ones."""
    known = {
        str(one.get("id")) for one in listed if "approved" in (one.get("od_conformance"), one.get("osd_conformance"))
    }
    return [id for id in dict.fromkeys(id for rules in rule_sets for id in rules.licences.values()) if id not in known]


def _entry(id: str, title: str, is_open: bool) -> dict[str, Any]:
    return {
        "id": id,
        "title": title,
        "url": licence_address(id),
        "status": "active",
        "od_conformance": "approved" if is_open else "not reviewed",
        "osd_conformance": "not reviewed",
        "domain_data": "True",
        "domain_content": "True",
        "domain_software": "False",
        "family": "",
        "maintainer": "",
        "is_generic": "False",
    }
