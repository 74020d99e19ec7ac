"""The portal's pages: Jinja templates over finished records, in Vietnamese (`x.html`) and English (`x.en.html`).

No page knows the time; what it shows comes from records, so that unchanged records give unchanged bytes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harvester import i18n
from harvester.i18n import Language, Text
from harvester.ledger import KnownDataset
from harvester.model import ZONE, Agency, Finding, Outcome, Portal, Publication, Severity
from harvester.model import Tombstone as Stone
from harvester.records import from_json
from publishers import Site, metadata
from publishers.labels import LABELS
from publishers.metadata import Description

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES: tuple[Language, ...] = ("vi", "en")
OBSTACLES = 3  # reasons shown at once beside an agency; the others unfold
ON_A_PAGE = 50  # findings shown of one severity

Pages = dict[str, bytes]
"""Path below the portal's folder (or a version's) → content, what is linked to before what links."""


def dataset(wanted: Publication, package: Description, portal: Portal, base: str) -> Pages:
    """The two pages of one version of a dataset; `package` is its Data Package."""
    values = {
        "title": wanted.dataset.title,
        "wanted": wanted,
        "period": (wanted.dataset.period_start, wanted.dataset.period_end),
        "files": [_file(package, resource) for resource in package.get("resources", ())],
        "licence_address": metadata.licence_address(wanted.licence) or metadata.licence_address(wanted.dataset.licence),
        "landing_page": metadata.web_address(wanted.dataset.landing_page),
        "findings": _by_severity(wanted.report.findings),
        "tables": [table for table in wanted.report.tables if table.preview],
        "names": {file.key: file.name for file in wanted.files},
    }
    return _in_folder("dataset", wanted.name, portal, base, values)


def tombstone(stone: Stone, portal: Portal, base: str) -> Pages:
    """The two pages that stay of a dataset that was taken down."""
    return _in_folder("tombstone", stone.name, portal, base, {"title": stone.title, "stone": stone})


def summary(description: Description) -> Description:
    """What the pages around a dataset say of it: little enough to hold thousands at once."""
    own = description["opendata"]
    return {
        "title": description.get("title", ""),
        "description": str(description.get("description", ""))[:400],
        "keywords": description.get("keywords", ()),
        "resources": [{"format": resource.get("format", "")} for resource in description["resources"]],
        "opendata": {
            key: own[key] for key in ("name", "version", "agency", "theme", "modified", "issued") if key in own
        },
    }


def surroundings(site: Site, shown: Iterable[Description], base: str) -> Iterator[tuple[str, bytes]]:
    """Everything around the datasets that readers find (`shown`, their summaries), by path: static files, agencies,
    targets, home."""
    for path in sorted((TEMPLATES / "static").iterdir()):
        yield f"static/{path.name}", path.read_bytes()
    by_agency: dict[str, list[Description]] = defaultdict(list)
    for description in sorted(shown, key=lambda d: str(d.get("title", "")).casefold()):
        by_agency[description["opendata"]["agency"]["id"]].append(description)
    known: dict[str, list[KnownDataset]] = defaultdict(list)
    for entry in site.datasets:
        known[entry.agency].append(entry)
    for language in LANGUAGES:
        frame = _Frame(language, site.title, site.illustration, base)
        figures = site.statistics if language == "vi" else site.statistics_en
        verdicts = _verdicts(figures)
        for agency in site.agencies:
            values = _agency(agency, site, by_agency[agency.id], known[agency.id], verdicts.get(agency.id, []))
            yield from frame.page("agency", f"agency/{agency.slug}", values).items()
        yield from frame.page("target", "target", _target(site, figures)).items()
        yield from frame.page("index", "index", _home(site, figures, by_agency, verdicts)).items()


def _target(site: Site, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "as_of": site.as_of,
        "known_at": _time(figures.get("known_at")),
        "basis": figures.get("basis"),
        "targets": figures.get("targets", ()),
        "slugs": {agency.id: agency.slug for agency in site.agencies},
    }


def _home(
    site: Site,
    figures: Mapping[str, Any],
    by_agency: Mapping[str, Sequence[Description]],
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    known = {agency.id for agency in site.agencies}
    shown = [description for found in by_agency.values() for description in found]
    return {
        "targets": figures.get("targets", ()),
        "groups": [(agency, by_agency[agency.id]) for agency in site.agencies if by_agency.get(agency.id)],
        "others": [d for id, found in by_agency.items() if id not in known for d in found],
        "empty": [agency for agency in site.agencies if not by_agency.get(agency.id)],
        "verdicts": {id: found[0]["verdict"] for id, found in verdicts.items()},
        "datasets": len(shown),
        "files": sum(len(description["resources"]) for description in shown),
    }


def _agency(
    agency: Agency,
    site: Site,
    shown: Iterable[Description],
    known: Iterable[KnownDataset],
    verdicts: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """An agency's datasets, as the ledger knows them and, should it not, as the portal shows them."""
    published = {d["opendata"]["name"]: d for d in shown}
    entries = {entry.name: entry for entry in known}
    rows = [
        {
            "title": entries[name].title if name in entries else published[name].get("title", ""),
            "address": f"dataset/{name}/index" if name in published else "",
            "outcome": (entries[name].outcome if name in entries else Outcome.PUBLISHED),
            "since": _day(entries[name].last_changed) if name in entries else None,
            "findings": [from_json(Finding, found) for found in site.findings.get(name, ())],
        }
        for name in sorted({**published, **entries})
    ]
    return {"agency": agency, "rows": rows, "verdicts": verdicts}


def _verdicts(figures: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By agency: how it stands against each target it is in scope of."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for target in figures.get("targets", ()):
        for agency in target["agencies"]:
            found[agency["id"]].append({**agency, "target": target})
    return found


def _file(package: Description, resource: Mapping[str, Any]) -> dict[str, Any]:
    """A file for the downloads; hosted ones by their immutable address, seen from the version's folder."""
    return {
        **resource,
        "link": metadata.is_link(resource),
        "address": metadata.file_address(package, resource, "../../"),
    }


def _by_severity(findings: Sequence[Finding]) -> list[tuple[Severity, list[Finding], int]]:
    groups = [(severity, [f for f in findings if f.severity is severity]) for severity in Severity]
    return [(severity, found[:ON_A_PAGE], len(found[ON_A_PAGE:])) for severity, found in groups if found]


def _in_folder(template: str, name: str, portal: Portal, base: str, values: Mapping[str, Any]) -> Pages:
    pages: Pages = {}
    for language in LANGUAGES:
        frame = _Frame(language, portal.title, portal.illustration, base)
        pages |= frame.page(template, f"dataset/{name}/index", values)
    return {path.rpartition("/")[2]: content for path, content in pages.items()}


class _Frame:
    """What all pages of one language share: header, banner, links relative to the page."""

    def __init__(self, language: Language, site_title: str, illustration: bool, base: str) -> None:
        self.language = language
        self.shared = {"lang": language, "site_title": site_title, "illustration": illustration, "base": base}

    def page(self, template: str, path: str, values: Mapping[str, Any]) -> Pages:
        """Render the page at `path` (without its ending) below the portal's folder."""
        root, file = "../" * path.count("/"), path.rpartition("/")[2]
        ending, other = (".html", ".en.html") if self.language == "vi" else (".en.html", ".html")
        frame = {"root": root, "ending": ending, "other": file + other, "here": path, "template": template}
        content = (
            _environment(self.language).get_template(f"{template}.html").render(self.shared | frame | dict(values))
        )
        return {path + ending: content.encode()}


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def label(key: str, **values: Any) -> str:
        return Text(LABELS[key].id, values).render(language)

    def name_of(agency: Any) -> str:
        return str(agency.name_en or agency.name_vi) if language == "en" else str(agency.name_vi)

    environment.globals.update(label=label, name_of=name_of, bar=_bar, OBSTACLES=OBSTACLES)
    environment.filters.update(
        said=lambda text: text.render(language),
        day=lambda value: i18n.day(date.fromisoformat(value) if isinstance(value, str) else value, language),
        time=lambda value: Text("{t}", {"t": value}).render(language),
        number=lambda value: i18n.number(value, language),
        percent=lambda value: _percent(value, language),
        size=lambda value: _size(value, language),
    )
    return environment


def _percent(value: float, language: Language) -> str:
    """`20,6 %` in Vietnamese (with a space that does not break), `20.6%` in English."""
    shown = i18n.number(round(value, 1), language, 0 if round(value, 1) % 1 == 0 else 1)
    return f"{shown}\N{NO-BREAK SPACE}%" if language == "vi" else f"{shown}%"


def _size(value: int, language: Language) -> str:
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{i18n.number(amount, language, 0 if unit == 'B' or amount >= 100 else 1)} {unit}"


def _bar(target: Mapping[str, Any], words: str) -> Markup:
    """A target as a bar of 1000 units: met, unknown, not met, and a line at what is needed."""
    whole = max(target["in_scope"], 1)
    left, parts = 0.0, []
    for kind in ("met", "unknown", "not_met"):
        width = 1000 * target[kind] / whole
        parts.append(Markup('<rect class="{}" x="{:.1f}" y="8" width="{:.1f}" height="24"/>').format(kind, left, width))
        left += width
    line = Markup('<rect class="needed" x="{:.1f}" y="0" width="5" height="40"/>').format(
        min(1000 * target["needed"] / whole, 995)
    )
    return Markup(
        '<svg class="bar" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label="{}">'
    ).format(words) + Markup("").join([*parts, line, Markup("</svg>")])


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(ZONE) if value else None


def _day(value: datetime | None) -> date | None:
    return value.astimezone(ZONE).date() if value else None
