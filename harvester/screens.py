"""The answer of each command as people read it: functions from its JSON to what a terminal of 80 columns shows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text as Ink

from harvester.i18n import Text, say
from harvester.ink import (
    SOURCE_STATES,
    STYLES,
    Data,
    Pen,
    advice,
    failure,
    findings,
    indented,
    pen_for,
    table,
    uncut,
)
from harvester.options import Common
from harvester.results import Plan
from harvester.screens_stats import stats
from harvester.screens_tidy import cleaning

__all__ = [
    "check",
    "datasets",
    "decision",
    "demo",
    "doctor",
    "failure",
    "init",
    "plan",
    "receipt",
    "run",
    "sources",
    "stats",
]

FIELDS: Mapping[str, Text] = {
    "title": say("Title"),
    "description": say("Description"),
    "licence": say("Licence"),
    "frequency": say("Frequency"),
    "issued": say("Issued"),
    "modified": say("Modified"),
    "keywords": say("Keywords"),
    "agency": say("Agency"),
    "publisher": say("Publisher"),
    "creator": say("Creator"),
    "theme": say("Theme"),
    "language": say("Language"),
    "spatial": say("Area"),
    "period_start": say("First day"),
    "period_end": say("Last day"),
    "contact": say("Contact"),
    "homepage": say("Page of the source"),
    "fee": say("Price"),
    "reason": say("Reason"),
}
PREVIEWED = 3
"""Values shown of each column."""
MOST_COLUMNS = 20


def init(data: Data, common: Common) -> Iterator[RenderableType]:
    """What was written, and what to fill in."""
    pen = pen_for(common)
    yield pen(say("A workspace is ready in {folder}.", folder=data["workspace"]), "bold")
    yield from (indented(pen(name, "dim")) for name in data["written"])
    folder = data["workspace"]
    yield from advice(
        pen,
        [
            say("Fill in config/portal.toml, and a file in config/sources/ for each place that data come from."),
            say("See whether all is well: opendata -C {folder} doctor", folder=folder),
            say("Then: opendata -C {folder} run", folder=folder),
        ],
    )


def run(data: Data, common: Common) -> Iterator[RenderableType]:
    """Per source a line of counts, then what was found, then what to do."""
    pen = pen_for(common)
    heading = {
        "ok": say("every source was read to its end."),
        "partial": say("a part of the sources was read."),
        "failed": say("nothing could be collected."),
    }[data["state"]]
    number = say("Run {run}: {heading}", run=str(data["run"]), heading=heading)
    yield pen(
        number if data["run"] is not None else say("Tried only, nothing written: {heading}", heading=heading), "bold"
    )
    outcomes = [dataset["outcome"] for source in data["sources"] for dataset in source["datasets"]]
    stopped = {outcome: outcomes.count(outcome) for outcome in ("refused", "held", "failed")}
    if any(stopped.values()):
        told = say(
            "Of {n} datasets {refused} refused, {held} waiting, {failed} not reached.", n=len(outcomes), **stopped
        )
        yield pen(told, "red")
    if data.get("healed"):
        yield pen(say("{n} publications that an earlier command had left open were finished first.", n=data["healed"]))
    if not data["sources"]:
        yield pen(say("No source is approved, so there was nothing to run."))
    else:
        yield Ink()
        yield _sources_run(pen, data["sources"])
    found = [finding for source in data["sources"] for finding in source["findings"]]
    titles = {d.get("name", d["identifier"]): d["title"] for s in data["sources"] for d in s["datasets"]}
    yield from findings(pen, found, titles)
    yield from advice(pen, _after_run(data))


def _sources_run(pen: Pen, sources: Sequence[Data]) -> RenderableType:
    """A line for each source; its state under its name unless all went well."""
    counted = {
        "listed": say("Listed"),
        "new": say("New"),
        "changed": say("Changed"),
        "published": say("Put out"),
        "refused": say("Refused"),
        "held": say("Waiting"),
        "missing": say("Gone"),
        "files_failed": say("Lost files"),
    }
    columns = [(heading, {"justify": "right", "max_width": 7}) for heading in counted.values()]
    made = table(pen, (say("Source"), {"ratio": 1}), *columns)
    made.padding, made.expand = (0, 1, 0, 0), True
    for source in sources:
        name = pen(source["id"])
        if source["state"] != "ok":
            state = pen(pen.word(source["state"], SOURCE_STATES), _state_style(source["state"]))
            name = Ink("\n").join([name, state])
        made.add_row(name, *(pen(pen.number(source[key]), "" if source[key] else "dim") for key in counted))
    return made


def _state_style(state: str) -> str:
    return {"ok": "green", "partial": "yellow", "skipped": "dim"}.get(state, "bold red")


def _after_run(data: Data) -> Iterator[Text]:
    outcomes = [dataset["outcome"] for source in data["sources"] for dataset in source["datasets"]]
    if not data["sources"]:
        yield say("Set approved = true in a file of config/sources/, or name a source: opendata run SOURCE")
    if "refused" in outcomes:
        yield say("Give each refused dataset back to its agency with what is said above; the last good version stays.")
    if "held" in outcomes:
        yield say("Answer what waits for a person: opendata decide, opendata publish --dataset")
    if "failed" in outcomes or any(source["state"] == "failed" for source in data["sources"]):
        yield say("What could not be reached is tried again by the next run.")
    if outcomes:
        yield say("See who meets the target: opendata stats")


def plan(coming: Plan, common: Common) -> Iterator[RenderableType]:
    """What will happen to one dataset: its description, its columns with first values, the difference, the findings."""
    pen = pen_for(common)
    if coming.publication is None:
        yield pen(say("Will be withdrawn: {title}", title=coming.title), "bold")
        yield indented(pen(coming.name, "dim"))
        return
    publication, described = coming.publication, coming.publication.dataset
    new, changed = say("New dataset: {title}", title=coming.title), say("New version: {title}", title=coming.title)
    yield pen(new if coming.new else changed, "bold")
    facts = table(pen, ("", {"min_width": 12}), ("", {}))
    facts.show_header = False
    for label, value in (
        (say("Agency"), publication.agency.name_vi if pen.language == "vi" else publication.agency.name_en),
        (say("Licence"), publication.licence_title or publication.licence or described.licence),
        (say("Frequency"), described.frequency),
        (say("Description"), described.description),
        (say("Name"), coming.name),
    ):
        facts.add_row(pen(label, "dim"), pen(value or None))
    for file in publication.files:
        size = say("{name} ({format}, {bytes} bytes)", name=file.name, format=file.format, bytes=file.bytes)
        facts.add_row(pen(say("File"), "dim"), pen(size))
    yield facts
    for report in coming.cleanings:
        yield from cleaning(report, pen)
    for judged in publication.report.tables:
        yield Ink()
        yield pen(say("{file}: {rows} rows", file=judged.file, rows=judged.rows), "bold")
        yield from _preview(pen, judged.preview, judged.schema)
    yield from _changes(pen, [] if coming.new else [(c.field, c.before, c.after) for c in coming.changes])
    yield from findings(pen, [finding.to_json(pen.language) for finding in coming.findings])
    yield Ink()


def _preview(pen: Pen, rows: Sequence[Sequence[str]], schema: Data) -> Iterator[RenderableType]:
    """A line for each column, so that any number of them fits: name, type, first values."""
    kinds = {field["name"]: field.get("type", "") for field in schema.get("fields", ())}
    header, *values = rows or [()]
    wide = max(5, min(max(map(len, header), default=0), 28))
    made = table(
        pen,
        (say("Column"), {"width": wide}),  # else long values leave no room for it
        (say("Type"), {"width": 9}),
        (say("First values"), {"no_wrap": True, "overflow": "ellipsis", "ratio": 1}),
    )
    made.expand = True
    for number, name in enumerate(header[:MOST_COLUMNS]):
        first = " · ".join(row[number] for row in values[:PREVIEWED] if number < len(row))
        made.add_row(pen(name), pen(kinds.get(name, ""), "dim"), pen(first.replace("\n", " ")))
    yield made
    if len(header) > MOST_COLUMNS:
        yield pen(say("… and {n} more columns.", n=len(header) - MOST_COLUMNS), "dim")


def _changes(pen: Pen, changes: Sequence[tuple[str, str, str]]) -> Iterator[RenderableType]:
    if not changes:
        return
    yield Ink()
    made = table(pen, (say("What changes"), {"max_width": 24}), (say("Until now"), {}), (say("From now on"), {}))
    for field, before, after in changes:
        file = field.removeprefix("file ") if field.startswith("file ") and ":" not in field else ""
        if pen.verbose or field in FIELDS or file:
            label = pen(say("File {name}", name=file)) if file else pen(pen.word(field, FIELDS))
            made.add_row(label, pen(_short(before) or None, "dim"), pen(_short(after) or None))
    if made.row_count < len(changes):
        made.caption = pen(say("and {n} fields that only programs read (all: -v)", n=len(changes) - made.row_count))
    yield made


def _short(value: str) -> str:
    return value if len(value) <= 120 else value[:119] + "…"


def receipt(data: Data, common: Common) -> Iterator[RenderableType]:
    """What became of one dataset: link, version, hashes; the difference when it was only tried; the findings."""
    pen = pen_for(common)
    said = {
        "published": say("Published."),
        "unchanged": say("The portal has it like this already; nothing was written."),
        "refused": say("Refused; nothing was written, the version readers had stays."),
        "held": say("Nothing was done: a person must decide first."),
        "withdrawn": say("Withdrawn from the portal."),
        "failed": say("The portal or a file could not be reached; the next command goes on from here."),
    }
    tried = {
        "published": say("Would be published; this was a trial, nothing was written."),
        "withdrawn": say("Would be withdrawn; this was a trial, nothing was written."),
    }
    outcome = data["outcome"]
    good = outcome in ("published", "unchanged", "withdrawn")
    yield pen({**said, **(tried if data.get("dry_run") else {})}[outcome], "bold green" if good else "bold red")
    version = say("Version {n} of", n=str(data["version"])) if data["version"] else say("Dataset")
    yield indented(pen(version, "dim"))
    yield uncut(pen, data["dataset"], 4)
    if data["url"]:
        yield indented(pen(say("Link"), "dim"))
        yield uncut(pen, data.get("page") or data["url"], 4)
    for file in data.get("files", ()) if good else ():
        yield indented(pen(say("{name}, {bytes} bytes, SHA-256:", name=file["name"], bytes=file["bytes"]), "dim"))
        yield uncut(pen, file["hash"], 4)
    if outcome != "published" or common.quiet:  # else they stood in the plan, just above
        yield from findings(pen, data["findings"])


def decision(data: Data, common: Common) -> Iterator[RenderableType]:
    """A decision, as it was or would be recorded."""
    pen = pen_for(common)
    about = say("{subject} as a whole", subject=data["subject"])
    rule = say("{subject}, rule {rule}", subject=data["subject"], rule=data["rule"])
    yield pen(rule if data["rule"] else about, "bold")
    start, end = pen.day(data["valid_from"]), pen.day(data["expires"])
    since = (
        say("from {start} until {end}", start=start, end=end) if data["expires"] else say("from {start}", start=start)
    )
    yield indented(pen(say("{verdict}, {since}", verdict=pen.word(data["verdict"]), since=since)))
    by = say("{document}, {author}: {reason}", **{key: data[key] for key in ("document", "author", "reason")})
    yield indented(pen(by))


def check(data: Data, common: Common) -> Iterator[RenderableType]:
    """What the tables are, then the findings by severity."""
    pen = pen_for(common)
    yield pen(data["path"], "bold")
    for judged in data["tables"]:
        for task in judged["report"].get("tasks", ()):
            stats = task.get("stats", {})
            rows, fields, errors = (stats.get(key, 0) for key in ("rows", "fields", "errors"))
            told = say(
                "{file}: {rows} rows, {fields} columns, {errors} table errors",
                file=judged["file"],
                rows=rows,
                fields=fields,
                errors=errors,
            )
            yield indented(pen(told))
    counted = {severity: sum(f["severity"] == severity for f in data["findings"]) for severity in ("error", "warning")}
    if not any(counted.values()):
        yield pen(say("Nothing is wrong with it."), "bold green")
    else:
        told = say("{errors} errors, {warnings} warnings", errors=counted["error"], warnings=counted["warning"])
        yield pen(told, "bold red" if counted["error"] else "yellow")
    yield from findings(pen, data["findings"])


def adopted(data: Data, common: Common) -> Iterator[RenderableType]:
    """What was entered into the ledger, and what it knew before."""
    pen = pen_for(common)
    yield pen(say("Adopted: {n}; known before: {known}.", n=len(data["adopted"]), known=data["known"]))
    for name in data["adopted"]:
        yield uncut(pen, name, 2)
    if data["adopted"]:
        yield from advice(pen, [say("The next “opendata run” compares each with its source.")])


def sources(data: Data, common: Common) -> Iterator[RenderableType]:
    """Each source: what it is, when it last ran and runs next."""
    pen = pen_for(common)
    if not data["sources"]:
        yield pen(say("There is no source yet."))
        yield from advice(pen, [say("Write one into config/sources/; the examples there are commented.")])
        return
    made = table(pen, (say("Source"), {"ratio": 1}), (say("Last run"), {"width": 17}), (say("Next"), {"width": 17}))
    made.expand = True
    for source in data["sources"]:
        whose = f"{source['kind']} · {source.get('agency_name') or source['agency'] or '–'}"
        state = pen(pen.word(source["last_state"], SOURCE_STATES) if source["last_run"] else say("never"))
        last = [state, pen(pen.moment(source["last_run"]), "dim")] if source["last_run"] else [state]
        by_hand = pen(say("by hand") if source["approved"] else say("not approved"), "yellow")
        coming = pen(pen.moment(source["next_runs"][0])) if source["next_runs"] else by_hand
        made.add_row(Ink("\n").join([pen(source["id"], "bold"), pen(whose, "dim")]), Ink("\n").join(last), coming)
    yield made


def datasets(data: Data, common: Common) -> Iterator[RenderableType]:
    """Each dataset: title and id, whose it is, how it stands."""
    pen = pen_for(common)
    if not data["datasets"]:
        yield pen(say("There is no dataset yet."))
        yield from advice(pen, [say("Collect some: opendata run; or publish a file: opendata publish PATH --agency A")])
        return
    for agency, its in groupby(data["datasets"], key=lambda dataset: dataset.get("agency_name") or dataset["agency"]):
        yield Ink()
        yield pen(agency or say("Of no agency"), "bold")
        for dataset in its:
            yield indented(_dataset(pen, dataset))
            yield uncut(pen, dataset["id"], 4, "dim")


def _dataset(pen: Pen, dataset: Data) -> RenderableType:
    """Title, state, version and day on one line; the id has a line of its own, so that it can be copied."""
    line = table(pen, ("", {"ratio": 1}), ("", {"width": 18}), ("", {"width": 5}), ("", {"width": 11}))
    line.show_header, line.expand = False, True
    good = dataset["outcome"] in ("published", "unchanged")
    outcome = pen(pen.word(dataset["outcome"]), "green" if good else "yellow")
    version = pen(say("v{n}", n=str(dataset["version"])) if dataset["version"] else None, "dim")
    line.add_row(pen(dataset["title"]), outcome, version, pen(pen.day(dataset["last_changed"]), "dim"))
    return line


def doctor(data: Data, common: Common) -> Iterator[RenderableType]:
    """Each check with its remedy where there is one."""
    pen = pen_for(common)
    marks = {"ok": "✓", "warn": "!", "fail": "✗"}
    made = table(pen, ("", {}), ("", {}))
    made.show_header = False
    for found in data["checks"]:
        style = STYLES[found["status"]]
        told = [pen(found["message"])]
        if found["remedy"] and found["status"] != "ok":
            told += [Ink("\n→ "), pen(found["remedy"])]
        made.add_row(pen(marks[found["status"]], style), Ink.assemble(*told))
    yield made
    failed = sum(found["status"] == "fail" for found in data["checks"])
    warned = sum(found["status"] == "warn" for found in data["checks"])
    yield Ink()
    if failed or warned:
        said = say("{failed} to be mended, {warned} to look at.", failed=failed, warned=warned)
        yield pen(said, "bold red" if failed else "yellow")
    else:
        yield pen(say("Everything is in order."), "bold green")


def demo(data: Data, common: Common) -> Iterator[RenderableType]:
    """What became of each hand-over in both runs, the target as it stands, and where to look."""
    pen = pen_for(common)
    yield _hand_overs(pen, *data["runs"])
    yield Ink()
    yield from stats(data["stats"], common)
    yield from advice(pen, _demo_places(data))


def _hand_overs(pen: Pen, first: Data, second: Data) -> RenderableType:
    """A line for each hand-over: its outcome in the first run, and in the one in which nothing had changed."""
    again = {(s["id"], each["identifier"]): each["outcome"] for s in second["sources"] for each in s["datasets"]}
    made = table(pen, (say("Hand-over"), {"ratio": 1}), (say("First run"), {}), (say("Second run"), {}))
    made.expand = True
    for source in first["sources"]:
        for each in source["datasets"]:
            outcomes = (each["outcome"], again.get((source["id"], each["identifier"])))
            style = "green" if each["outcome"] in ("published", "unchanged") else "yellow"
            made.add_row(pen(each["title"]), *(pen(pen.word(outcome), style) for outcome in outcomes))
    return made


def _demo_places(data: Data) -> Iterator[Text]:
    for surprise in data["surprises"]:
        yield say("Not as intended: {what}", what=surprise)
    yield say("Look at the portal in a browser: {page}", page=data["portal"])
    if data["target"]:
        yield say("… and at the page of the target: {page}", page=data["target"])
    yield say("Go on with: {command}", command=data["next"])
