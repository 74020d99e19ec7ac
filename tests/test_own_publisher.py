"""A source may name a publisher that is no agency of the province: it has a name and a page, and counts for nobody."""

from datetime import date

import pytest

from harvester.config import Config, documents, packaged, read
from harvester.errors import ConfigurationError
from harvester.model import Level

PACKAGED = documents(packaged())
KINDS = {"folder": ()}
PUBLISHER = '[publisher]\nname_vi = "Đơn vị biên tập"\nname_en = "Editors"\n'


def with_source(text: str, id: str = "bien-tap", **others: bytes) -> Config:
    source = f'kind = "folder"\naddress = "ban-giao"\n{text}'
    return read(PACKAGED | others | {f"sources/{id}.toml": source.encode()}, KINDS)


def test_it_is_known_by_the_id_of_its_source():
    config = with_source(PUBLISHER)
    publisher = config.register.by_id["bien-tap"]
    assert (publisher.slug, publisher.name_vi, publisher.name_en) == ("bien-tap", "Đơn vị biên tập", "Editors")
    assert config.source("bien-tap").agency == publisher.id
    assert config.register.resolve("Đơn vị biên tập", date(2026, 11, 24)) is publisher


def test_it_is_in_scope_of_no_target():
    config, day = with_source(PUBLISHER), date(2026, 11, 24)
    for target in config.targets:
        assert "bien-tap" not in {agency.id for agency in config.register.in_scope(target.levels, day)}
        assert Level.OTHER not in target.levels


@pytest.mark.parametrize(
    ("text", "id", "code"),
    [
        (PUBLISHER, "so-y-te", "CFG-010"),  # the name of the file is an agency's slug
        (PUBLISHER.replace("Đơn vị biên tập", "Sở Y tế"), "bien-tap", "CFG-010"),
        ('agency = "so-y-te"\n' + PUBLISHER, "bien-tap", "CFG-005"),
        ('[publisher]\nname_vi = "Đơn vị biên tập"\n', "bien-tap", "CFG-005"),
        (PUBLISHER + 'level = "province"\n', "bien-tap", "CFG-003"),
        ('publisher = "Đơn vị biên tập"\n', "bien-tap", "CFG-004"),
        ("", "bien-tap", "CFG-005"),
    ],
)
def test_it_cannot_pass_for_an_agency(text: str, id: str, code: str):
    with pytest.raises(ConfigurationError, match=code) as refused:
        with_source(text, id)
    assert f"config/sources/{id}.toml, line " in str(refused.value.message)


def test_no_agency_of_the_register_and_no_target_has_its_level():
    register = PACKAGED["agencies.csv"].replace(b",province,", b",other,", 1)
    with pytest.raises(ConfigurationError, match="CFG-006"):
        with_source(PUBLISHER, **{"agencies.csv": register})
    targets = PACKAGED["targets.toml"].replace(b'["province", "district"]', b'["province", "other"]', 1)
    with pytest.raises(ConfigurationError, match="CFG-006"):
        with_source(PUBLISHER, **{"targets.toml": targets})
