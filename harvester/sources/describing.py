"""One description, in our words, to one Dataset: shared by `dataset.yaml`, Data Packages and `opendata publish`."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from harvester.i18n import say
from harvester.model import Dataset, Place, Resource
from harvester.sources.fields import LONGEST, Fields

DATASET_KEYS = (
    *("title", "description", "publisher", "creator", "licence", "license", "frequency", "issued", "modified"),
    *("keywords", "theme", "language", "spatial", "period", "contact", "landing_page", "fee", "catalogue_item"),
    "resources",
)
RESOURCE_KEYS = ("path", "title", "format", "encoding", "schema", "dialect", "hash", "bytes", "rows")


def dataset_of(
    fields: Fields, *, source: str, identifier: str, title: str, place: Place, resources: Sequence[Resource]
) -> Dataset:
    """The Dataset that `fields` describe; `title` where they give none. Never raises: see `fields.findings`."""
    period = fields.inside(fields.mapping("period") or {}, "period.")
    start, end = period.day("start"), period.day("end")
    if start and end and start > end:
        period.note("end", "SRC-026", say("it lies before the start"), say("Exchange the two days."))
        start = end = None
    return Dataset(
        source=source,
        identifier=identifier,
        title=fields.text("title") or title,
        resources=tuple(resources),
        publisher=fields.text("publisher"),
        creator=fields.text("creator"),
        description=fields.text("description", LONGEST),
        issued=fields.day("issued"),
        modified=fields.day("modified"),
        frequency=fields.text("frequency"),
        licence=fields.text("licence") or fields.text("license"),
        keywords=fields.words("keywords"),
        theme=fields.text("theme"),
        language=fields.text("language"),
        spatial=fields.text("spatial"),
        period_start=start,
        period_end=end,
        contact=fields.text("contact"),
        landing_page=fields.url("landing_page"),
        fee=fields.text("fee"),
        place=place,
        catalogue_item=fields.text("catalogue_item"),
    )


def resource_of(fields: Fields, *, key: str, address: str, member: str = "") -> Resource:
    """The Resource that `fields` describe; its format is the ending of its name where none is declared."""
    return Resource(
        key=key,
        address=address,
        member=member,
        title=fields.text("title"),
        format=fields.text("format").upper() or format_of(member or address.partition("?")[0]),
        media_type=fields.text("mediatype"),
        schema=fields.mapping("schema"),
        dialect=fields.mapping("dialect"),
        encoding=fields.text("encoding"),
        declared_hash=fields.text("hash"),
        declared_bytes=fields.number("bytes"),
        declared_rows=fields.number("rows"),
    )


def apart(fields: Fields, resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The resources, of two with one key only the first, with a finding about the other."""
    kept: dict[str, Resource] = {}
    for resource in resources:
        if resource.key in kept:
            why = say("“{key}” stands there twice; the first was taken", key=resource.key)
            fields.note("resources", "SRC-035", why, say("Give each file a name of its own."))
        kept.setdefault(resource.key, resource)
    return tuple(kept.values())


def format_of(name: str) -> str:
    """The ending of a file name, such as "CSV"; "" without one."""
    return PurePosixPath(name).suffix.lstrip(".").upper()[:10]


def readable(name: str) -> str:
    """A title made of a file's or folder's name: "tram-y-te_2024" → "Tram y te 2024"."""
    words = " ".join(name.replace("_", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:] or name


def inside(path: str) -> str | None:
    """A relative path in its shortest form; None when it is absolute or leads out of its folder."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or path.startswith(("/", "\\", "~")) or ".." in parts or ":" in parts[0] or "\0" in path:
        return None
    return str(PurePosixPath(*parts))
