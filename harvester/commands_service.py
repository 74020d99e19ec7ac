"""The commands for what goes on by itself: serve, schedule, runs, alarms, prune, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from harvester import options
from harvester.errors import UsageRefused
from harvester.i18n import say
from harvester.parameters import OPERATE, DryRun, Yes, app
from harvester.session import Session
from harvester.usage import Command

File = Annotated[str, typer.Argument(metavar="FILE", help="The backup, a .tar.gz.")]


@app.command(cls=Command, rich_help_panel=OPERATE)
def serve(
    ctx: typer.Context,
    listen: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where /healthz and /metrics are answered.")
    ] = "127.0.0.1:8787",
    log: Annotated[
        str, typer.Option("--log", metavar="console|json", help="How the log is written, on stderr.")
    ] = "console",
) -> int:
    """Run what is due by itself, until it is stopped.

    Stops within ten seconds on SIGTERM; reads the configuration again on SIGHUP, and keeps the old one if the new one
    is wrong.
    """
    import logging

    from harvester import logs
    from harvester.environment import environment
    from harvester.serving import listen_address, serve

    session: Session = ctx.obj
    options.one_of("--log", log, ("console", "json"))
    address = listen_address(listen)
    secrets = environment(session.environ).secrets
    logs.configure(logging.DEBUG if session.common.verbose else logging.INFO, log == "json", secrets)
    return serve(session.workspace_folder(), session.environ, session.clock, address)


@app.command(cls=Command, rich_help_panel=OPERATE)
def schedule(
    ctx: typer.Context,
    count: Annotated[str, typer.Option("--count", metavar="N", help="Next runs of each source (3).")] = "3",
) -> int:
    """Show which source runs when, and which never does by itself."""
    from harvester import screens_service, stories

    session: Session = ctx.obj
    number = options.whole_number("--count", count, 1)
    with session.workspace(writing=False) as workspace:
        session.show(stories.planned(workspace, session.clock(), number), screens_service.schedule)
    return 0


@app.command(cls=Command, rich_help_panel=OPERATE)
def runs(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="show N", help="All about run N.")] = None,
    limit: Annotated[str, typer.Option("--limit", metavar="N", help="How many to list (20).")] = "20",
) -> int:
    """List the last runs, or tell all about one of them."""
    from harvester import screens_service, stories

    session: Session = ctx.obj
    number = options.whole_number("--limit", limit, 1)
    with session.workspace(writing=False) as workspace:
        if not words:
            session.show(stories.runs(workspace, number, session.clock()), screens_service.runs)
            return 0
        if len(words) != 2 or words[0] != "show":
            raise UsageRefused(
                "SVC-031",
                say("“runs {words}” is not understood.", words=" ".join(words)),
                say("Write “opendata runs”, or “opendata runs show 12”."),
            )
        wanted = options.whole_number("N", words[1], 1)
        session.show(stories.story(workspace, wanted, session.clock()), screens_service.story)
    return 0


@app.command(cls=Command, rich_help_panel=OPERATE)
def alarms(
    ctx: typer.Context,
    send: Annotated[
        bool, typer.Option("--send", help="Also send the messages that are due (cron instead of the service).")
    ] = False,
) -> int:
    """Show what somebody must see to; the exit code is 1 while any alarm stands."""
    from harvester import alarms as states
    from harvester import screens_service, stories
    from harvester.notices import deliver

    session: Session = ctx.obj
    with session.workspace() as workspace:
        now = session.clock()
        found = states.examine(workspace, now)
        states.note(workspace, found, now)
        if send:
            states.note_digests(workspace, now)
            deliver(workspace, session.clock)
        session.show(stories.standing(workspace, found, now, session.common.language), screens_service.alarms)
    return 1 if found else 0


@app.command(cls=Command, rich_help_panel=OPERATE)
def prune(ctx: typer.Context, dry_run: DryRun = False, yes: Yes = False) -> int:
    """Forget what no figure, page or rollback needs any more: repeated facts, old runs, files nobody refers to."""
    from harvester import screens_service
    from harvester.retention import prune

    session: Session = ctx.obj
    session.must_be_able_to_ask(yes, dry_run)
    with session.workspace() as workspace:
        data = prune(workspace, session.clock(), dry_run=True).to_json()
        if not dry_run and not yes:
            session.note(screens_service.prune({**data, "dry_run": True}, session.common))
        done = not dry_run and session.agrees(say("Forget this?"), yes)
        if done:
            data = prune(workspace, session.clock()).to_json()
        session.show({**data, "dry_run": not done}, screens_service.prune)
    return 0


@app.command(cls=Command, rich_help_panel=OPERATE)
def backup(ctx: typer.Context, file: File) -> int:
    """Write the whole workspace into one file; what is under way may go on meanwhile."""
    from harvester import screens_service
    from harvester.backup import backup

    session: Session = ctx.obj
    with session.workspace(writing=False) as workspace:
        session.show(backup(workspace, Path(file), session.clock()), screens_service.backup)
    return 0


@app.command(cls=Command, rich_help_panel=OPERATE)
def restore(ctx: typer.Context, file: File) -> int:
    """Make a workspace from a backup, in an empty folder (-C) and an empty database."""
    from harvester import screens_service
    from harvester.backup import restore

    session: Session = ctx.obj
    folder = session.common.workspace
    if folder is None:
        raise UsageRefused(
            "SVC-027", say("Name the folder to restore into."), say("opendata -C NEW-FOLDER restore FILE")
        )
    session.show(restore(Path(file), folder, session.environ, session.clock()), screens_service.restore)
    return 0
