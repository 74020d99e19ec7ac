"""What the embedded portal publishes, harvested back by these sources, is the same catalogue, field by field."""

import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urljoin

import samples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reading import read

from checks.freshness import frequency
from harvester.model import Dataset, Publication
from publishers import dcat
from publishers.metadata import data_package, dumped

WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
PHRASES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join).map(lambda text: unicodedata.normalize("NFC", text))
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1)) | st.none()
FREQUENCIES = st.sampled_from(["", "hằng ngày", "hằng tuần", "hằng tháng", "hằng quý", "6 tháng", "hằng năm"])
CONTACTS = st.sampled_from(["", "Văn thư", "Văn thư, vanthu@example.gov.vn", "a@b.vn"])
LICENCES = st.sampled_from(["", "CC-BY-4.0", "https://x.vn/giay-phep"])
PERIODS = st.tuples(DAYS, DAYS).map(lambda p: (None, None) if None in p else tuple(sorted(p)))
BASES = st.sampled_from(["", "https://data.nghean.gov.vn/"])


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    start, end = draw(PERIODS)
    return samples.dataset(
        draw(PHRASES),
        description=draw(PHRASES | st.just("")),
        creator=draw(PHRASES | st.just("")),
        issued=draw(DAYS),
        modified=draw(DAYS),
        frequency=draw(FREQUENCIES),
        licence=draw(LICENCES),
        keywords=tuple(draw(st.lists(PHRASES, max_size=3, unique=True))),
        theme=draw(PHRASES | st.just("")),
        spatial=draw(PHRASES | st.just("")),
        period_start=start,
        period_end=end,
        contact=draw(CONTACTS),
    )


def publications(folder: Path, made: list[Dataset]) -> list[Publication]:
    file = samples.published_file(folder / "files")
    licences = [each.licence for each in made]
    return [
        samples.publication(file, name=f"so-{number}-1a2b3c", dataset=each, licence=licence, licence_title="")
        for number, (each, licence) in enumerate(zip(made, licences, strict=True))
    ]


def licence_of(published: Publication) -> str:
    stated = {"CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/"}
    return stated.get(published.licence, published.licence)


def plain(text: str) -> str:
    return " ".join(re.sub("[\x00-\x1f\x7f]", "", text).split())


def agrees(back: Dataset, published: Publication, base: str, folder: Path) -> None:
    """The fields that DCAT has words for. A frequency comes back as its code, a licence as its address."""
    was = published.dataset
    assert back.identifier == published.name
    assert plain(back.title) == plain(was.title)
    assert plain(back.description) == plain(was.description)
    assert back.publisher == published.agency.name_vi
    assert sorted(back.keywords) == sorted(was.keywords)
    assert plain(back.theme) == plain(was.theme)
    assert plain(back.spatial) == plain(was.spatial)
    assert (back.period_start, back.period_end) == (was.period_start, was.period_end)
    assert frequency(back.frequency) == frequency(was.frequency)
    assert back.licence == licence_of(published)
    assert back.contact == was.contact
    assert back.issued == was.issued
    (file,) = published.files
    (resource,) = back.resources
    place = f"versions/{published.name}.1/{file.name}"
    assert resource.address == (urljoin(base, place) if base else str((folder / place).resolve()))
    assert (resource.key, resource.title, resource.format) == (file.id, file.title, file.format)
    assert (resource.media_type, resource.declared_bytes) == (file.media_type, file.bytes)
    assert resource.declared_hash == f"sha256:{file.sha256}"


def harvested(kind: str, name: str, content: Iterable[bytes], folder: Path) -> dict[str, Dataset]:
    (folder / name).write_bytes(b"".join(content))
    result = read(kind, name, folder)
    assert (result.codes, result.complete) == ([], True)
    return dict(result.datasets)


SLOWLY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@SLOWLY
@given(st.lists(datasets(), min_size=1, max_size=3), BASES)
def test_the_dcat_catalogue_comes_back(made: list[Dataset], base: str):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published = publications(folder, made)
        described = [data_package(each, illustration=False) for each in published]
        back = harvested("dcat", "catalog.jsonld", dcat.dcat(samples.site(), described, base), folder)
        assert len(back) == len(published)
        for each in published:
            agrees(back[each.name], each, base, folder)
            assert back[each.name].modified == each.dataset.modified
            assert back[each.name].creator == each.dataset.creator


@SLOWLY
@given(st.lists(datasets(), min_size=1, max_size=3), BASES)
def test_data_json_comes_back(made: list[Dataset], base: str):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published = publications(folder, made)
        described = [data_package(each, illustration=False) for each in published]
        back = harvested("data_json", "data.json", dcat.data_json(samples.site(), described, base), folder)
        for each in published:
            agrees(back[each.name], each, base, folder)
            assert back[each.name].modified == each.dataset.modified or each.dataset.issued


@SLOWLY
@given(datasets())
def test_a_data_package_comes_back(made: Dataset):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (published,) = publications(folder, [made])
        (file,) = published.files
        (folder / file.name).write_bytes(file.path.read_bytes())
        (folder / "datapackage.json").write_bytes(dumped(data_package(published, illustration=False)))
        (back,) = read("datapackage", ".", folder).datasets.values()
        assert (plain(back.title), plain(back.description)) == (plain(made.title), plain(made.description))
        assert (back.identifier, back.publisher) == (published.name, published.agency.name_vi)
        assert (sorted(back.keywords), back.creator) == (sorted(made.keywords), made.creator)
        assert replace(back.resources[0], key="").declared_hash == f"sha256:{file.sha256}"
