"""The commands of `opendata`: each reads its options, calls the part that does the work, and shows what came of it.

Their docstrings and option helps are what `--help` shows (Vietnamese in cli.po). Heavy imports live inside the
commands, so that `--help` and completion stay quick.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harvester import options
from harvester.errors import PolicyRefused, UsageRefused
from harvester.i18n import say
from harvester.parameters import (
    BEGIN,
    CORRECT,
    COUNT,
    ENGINES,
    KINDS,
    PUBLISH,
    VERDICTS,
    AgencyName,
    DryRun,
    Folder,
    Kind,
    Name,
    Reason,
    Yes,
    app,
)
from harvester.session import Session
from harvester.usage import Command

if TYPE_CHECKING:
    from harvester.results import PublishResult

# ---------------------------------------------------------------- begin


@app.command(cls=Command, rich_help_panel=BEGIN)
def demo(ctx: typer.Context, folder: Folder = "opendata-demo", portal: Kind = "catalogue") -> int:
    """Show the whole job on sample data: make a workspace, collect, check, publish, count.

    Some hand-overs in it are invented, and marked so on every page. Run again, it goes on where it was.
    """
    from harvester import screens
    from harvester.demo import demo

    session: Session = ctx.obj
    options.one_of("--portal", portal, KINDS)
    with session.watching() as progress:
        result = demo(Path(folder), portal, session.clock, progress, session.common.language, session.environ)
    session.show(result.to_json(session.common.language), screens.demo)
    return result.exit_code


@app.command(cls=Command, rich_help_panel=BEGIN)
def init(ctx: typer.Context, folder: Folder, portal: Kind = "catalogue") -> int:
    """Make a workspace: a folder with a commented configuration to fill in.

    Nothing that exists is overwritten.
    """
    from harvester import screens
    from harvester.starting import initialise

    session: Session = ctx.obj
    options.one_of("--portal", portal, KINDS)
    written = initialise(Path(folder), portal)
    session.show({"workspace": folder, "portal": portal, "written": [str(path) for path in written]}, screens.init)
    return 0


@app.command(cls=Command, rich_help_panel=BEGIN)
def doctor(
    ctx: typer.Context,
    probe_upload: Annotated[
        bool, typer.Option("--probe-upload", help="Find the CKAN portal's upload limit by a private upload.")
    ] = False,
) -> int:
    """Look whether everything this program needs is in order, and say what to do where it is not."""
    from harvester import screens
    from harvester.doctor import diagnosis, examine

    session: Session = ctx.obj
    found = tuple(examine(session.folder(), session.environ, session.clock(), probe_upload=probe_upload))
    session.show({"checks": [check.to_json(session.common.language) for check in found]}, screens.doctor)
    return diagnosis(found)


# ---------------------------------------------------------------- collect and publish


@app.command(cls=Command, rich_help_panel=PUBLISH)
def run(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE…", help="Sources to run, approved or not; none named: all approved ones."),
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only what is due by its schedule; for cron, as often as every minute.")
    ] = False,
    dry_run: DryRun = False,
) -> int:
    """Run sources: collect what is new, check it, publish what passes, count again."""
    from harvester import screens
    from harvester.run import run

    session: Session = ctx.obj
    if due and (names or dry_run):
        raise UsageRefused(
            "SVC-005", say("--due stands alone."), say("Name sources, or let --due choose; it is never a trial.")
        )
    if due:
        from harvester.service import run_due

        with session.workspace() as workspace, session.watching() as progress:
            result = run_due(workspace, session.clock, progress=progress)
        if result.run is None and not session.common.json:
            return 0  # nothing was due: cron would send a mail every minute
        session.show(result.to_json(session.common.language), screens.run)
        return result.exit_code
    with session.workspace(writing=not dry_run) as workspace, session.watching() as progress:
        result = run(workspace, tuple(names or ()), session.clock, dry_run=dry_run, progress=progress)
    session.show(result.to_json(session.common.language), screens.run)
    return result.exit_code


@app.command(cls=Command, rich_help_panel=PUBLISH)
def publish(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A workbook, CSV, JSON or GeoJSON file, or a folder.")],
    agency: AgencyName,
    dataset: Annotated[
        str, typer.Option("--dataset", metavar="KEY", help="Which dataset of the agency it is (else by its title).")
    ] = "",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Title.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="Description.")] = "",
    licence: Annotated[str, typer.Option("--licence", metavar="TEXT", help="Licence: id, address or name.")] = "",
    frequency: Annotated[str, typer.Option("--frequency", metavar="TEXT", help="How often it is updated.")] = "",
    issued: Annotated[str, typer.Option("--issued", metavar="DAY", help="Day it was first published.")] = "",
    modified: Annotated[str, typer.Option("--modified", metavar="DAY", help="Day its content last changed.")] = "",
    keywords: Annotated[str, typer.Option("--keywords", metavar="A,B", help="Keywords, with commas between.")] = "",
    sheet: Annotated[
        str, typer.Option("--sheet", metavar="S", help="Only this sheet of the workbook; kept for next time.")
    ] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Publish one dataset by hand: a file, or a folder with a Data Package.

    Its description is read from dataset.yaml or datapackage.json beside it; what is given here wins. What will be
    published is shown first.
    """
    from harvester import screens
    from harvester.by_hand import publish
    from harvester.model import ZONE

    session: Session = ctx.obj
    session.must_be_able_to_ask(yes, dry_run)
    given = {"title": title, "description": description, "licence": licence, "frequency": frequency}
    days = {"issued": issued, "modified": modified}
    given |= {name: options.day(f"--{name}", day).isoformat() for name, day in days.items() if day}
    overrides = {name: value for name, value in {**given, "keywords": keywords}.items() if value}
    with session.workspace(writing=not dry_run) as workspace:
        day = session.clock().astimezone(ZONE).date()
        result = publish(
            workspace,
            Path(path),
            workspace.config.register.resolve(agency, day),
            session.clock,
            confirm=session.confirming(say("Publish this?"), yes),
            key=dataset,
            overrides=overrides,
            dry_run=dry_run,
            ask=session.asking(),
            language=session.common.language,
            sheet=sheet,
        )
    if dry_run and result.plan and not session.common.json:
        session.note(screens.plan(result.plan, session.common))
    session.show(_receipt(session, result, dry_run), screens.receipt)
    return result.exit_code


@app.command(cls=Command, rich_help_panel=PUBLISH)
def check(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder, a ZIP or a Data Package.")],
    schema: Annotated[str, typer.Option("--schema", metavar="FILE", help="Table Schema to check the table by.")] = "",
    limit_errors: Annotated[
        str, typer.Option("--limit-errors", metavar="N", help="Stop judging a table after N errors (1000; 0: never).")
    ] = "1000",
    engine: Annotated[
        str,
        typer.Option(
            "--engine", metavar="|".join(ENGINES), help="What reads the tables.", autocompletion=lambda: list(ENGINES)
        ),
    ] = "auto",
) -> int:
    """Check files where they lie, without publishing anything."""
    from harvester import screens
    from harvester.checking import check

    session: Session = ctx.obj
    options.one_of("--engine", engine, ENGINES)
    limit = options.whole_number("--limit-errors", limit_errors)
    result = check(Path(path), session.folder(), session.clock(), schema=schema, limit_errors=limit, engine=engine)
    session.show(result.to_json(session.common.language), screens.check)
    return result.exit_code


# ---------------------------------------------------------------- count


@app.command(cls=Command, rich_help_panel=COUNT)
def stats(
    ctx: typer.Context,
    as_of: Annotated[str, typer.Option("--as-of", metavar="DAY", help="Count as of the end of this day.")] = "",
    known_at: Annotated[
        str, typer.Option("--known-at", metavar="TIME", help="Use only what had been recorded by then.")
    ] = "",
    target: Annotated[str, typer.Option("--target", metavar="ID", help="Only this target.")] = "",
) -> int:
    """Count the agencies against each target, with the reason for each."""
    from harvester import screens
    from harvester.model import ZONE
    from harvester.portal import statistics
    from harvester.stats import to_json

    session: Session = ctx.obj
    day = options.day("--as-of", as_of) if as_of else session.clock().astimezone(ZONE).date()
    known = options.moment("--known-at", known_at) if known_at else None
    with session.workspace() as workspace:  # writes: figures are counted by the configuration as recorded
        data = to_json(statistics(workspace, day, known), session.common.language)
    if target:
        options.one_of("--target", target, [each["id"] for each in data["targets"]])
        data["targets"] = [each for each in data["targets"] if each["id"] == target]
    session.show(data, screens.stats)
    return 0


@app.command(cls=Command, rich_help_panel=COUNT)
def datasets(
    ctx: typer.Context,
    agency: AgencyName = "",
) -> int:
    """List the datasets and how each stands."""
    from harvester import screens
    from harvester.listing import datasets

    session: Session = ctx.obj
    with session.workspace(writing=False) as workspace:
        session.show(datasets(workspace, agency, session.clock(), session.common.language), screens.datasets)
    return 0


# ---------------------------------------------------------------- correct


@app.command(cls=Command, rich_help_panel=CORRECT)
def withdraw(ctx: typer.Context, name: Name, reason: Reason, yes: Yes = False, dry_run: DryRun = False) -> int:
    """Take a dataset off the portal now; its source cannot bring it back."""
    from harvester import screens
    from harvester.by_hand import withdraw

    session: Session = ctx.obj
    session.must_be_able_to_ask(yes, dry_run)
    confirm = session.confirming(say("Withdraw this dataset?"), yes)
    with session.workspace(writing=not dry_run) as workspace:
        result = withdraw(workspace, name, reason, session.clock, confirm=confirm, dry_run=dry_run)
    session.show(_receipt(session, result, dry_run), screens.receipt)
    return result.exit_code


@app.command(cls=Command, rich_help_panel=CORRECT)
def rollback(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    version: Annotated[str, typer.Option("--version", metavar="N", help="Version (else the one before).")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Publish an earlier version of a dataset again."""
    from harvester import screens
    from harvester.by_hand import rollback

    session: Session = ctx.obj
    session.must_be_able_to_ask(yes, dry_run)
    wanted = options.whole_number("--version", version, 1) if version else None
    confirm = session.confirming(say("Publish that version again?"), yes)
    with session.workspace(writing=not dry_run) as workspace:
        result = rollback(workspace, name, wanted, reason, session.clock, confirm=confirm, dry_run=dry_run)
    session.show(_receipt(session, result, dry_run), screens.receipt)
    return result.exit_code


@app.command(cls=Command, rich_help_panel=CORRECT)
def adopt(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A dataset that something else made.")] = "",
    agency: Annotated[str, typer.Option("--agency", metavar="A", help="The agency whose dataset it is.")] = "",
    source: Annotated[str, typer.Option("--source", metavar="S", help="The source that will feed it.")] = "publish",
    identifier: Annotated[str, typer.Option("--identifier", metavar="ID", help="What that source calls it.")] = "",
    dry_run: DryRun = False,
) -> int:
    """Enter the CKAN portal's datasets that are ours into a ledger that was lost; or take one over."""
    from harvester import screens
    from harvester.adopting import adopt, take_over
    from harvester.model import ZONE

    session: Session = ctx.obj
    with session.workspace(writing=not dry_run) as workspace:
        if name:
            day = session.clock().astimezone(ZONE).date()
            owner = workspace.config.register.resolve(agency, day)
            if not dry_run:
                take_over(workspace, name, owner, (source, identifier or f"{owner.id}/{name}"), session.clock)
            adopted = {"adopted": [name], "known": 0}
        else:
            found = adopt(workspace, session.clock, dry_run=dry_run)
            adopted = {"adopted": [known.name for known in found.entered], "known": found.known}
    session.show(adopted, screens.adopted)
    return 0


@app.command(cls=Command, rich_help_panel=CORRECT)
def decide(
    ctx: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="A dataset's id, or an agency.")],
    verdict: Annotated[
        str,
        typer.Option(
            "--verdict", metavar="|".join(VERDICTS), help="What was decided.", autocompletion=lambda: list(VERDICTS)
        ),
    ],
    document: Annotated[str, typer.Option("--document", metavar="TEXT", help="Number of the deciding document.")],
    author: Annotated[str, typer.Option("--author", metavar="TEXT", help="Who decided.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    rule: Annotated[str, typer.Option("--rule", metavar="Cnn", help="The rule decided (else the whole agency).")] = "",
    valid_from: Annotated[str, typer.Option("--valid-from", metavar="DAY", help="First day (else today).")] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="DAY", help="Last day (else without end).")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Record what a person decided by a document: a rule of a dataset, or the result of an agency."""
    from harvester import screens
    from harvester.by_hand import decide
    from harvester.ledger import Decision
    from harvester.listing import decided, rules_of, subject_of
    from harvester.model import ZONE, Verdict

    session: Session = ctx.obj
    session.must_be_able_to_ask(yes, dry_run)
    now = session.clock()
    decision = Decision(
        subject,
        rule.upper(),
        Verdict(options.one_of("--verdict", verdict, VERDICTS)),
        document,
        author,
        reason,
        options.day("--valid-from", valid_from) if valid_from else now.astimezone(ZONE).date(),
        options.day("--expires", expires) if expires else None,
        now,
    )
    with session.workspace(writing=not dry_run) as workspace:
        decision = replace(decision, subject=subject_of(workspace, subject, now))
        if rule:
            options.one_of("--rule", decision.rule, rules_of(workspace))
        data = decided(decision)
        if dry_run:
            session.show(data, screens.decision)
            return 0
        if not yes:
            session.note(screens.decision(data, session.common))
        if not session.agrees(say("Record this decision?"), yes):
            raise PolicyRefused("USE-023", say("Nothing was recorded."), say("Run the command again to record it."))
        decide(workspace, decision, session.clock)
    session.show(data, screens.decision)
    return 0


def _receipt(session: Session, result: "PublishResult", dry_run: bool) -> dict[str, Any]:
    """What became of one dataset; on an embedded portal without an address, with the file of its page."""
    data = {**result.to_json(session.common.language), "dry_run": dry_run}
    folder = session.folder()
    if folder and result.url and "://" not in result.url:
        data["page"] = str(folder.resolve() / "portal" / result.url)
    return data
