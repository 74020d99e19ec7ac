"""The command about sources: list them, or find out what is at an address and write a source for it."""

from typing import Annotated

import typer

from harvester import options
from harvester.errors import PolicyRefused, UsageRefused
from harvester.i18n import say
from harvester.parameters import PUBLISH, AgencyName, DryRun, Yes, app
from harvester.session import Session
from harvester.usage import Command


def _kinds() -> list[str]:
    from harvester.sources import KINDS

    return list(KINDS)


@app.command(cls=Command, rich_help_panel=PUBLISH)
def sources(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[add ADDRESS]", help="add: find out what is at an address, and write a source for it."),
    ] = None,
    agency: AgencyName = "",
    id: Annotated[str, typer.Option("--id", metavar="NAME", help="Name of the new source (else by its host).")] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind", metavar="KIND", help="Kind of the new source (else what is found).", autocompletion=_kinds
        ),
    ] = "",
    allow_network: Annotated[
        list[str] | None,
        typer.Option("--allow-network", metavar="CIDR", help="An inner network that may be asked: 10.20.0.0/16."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """List the sources: what each is, when it last ran, when it runs next.

    With “add ADDRESS”: find out what is at an address, show it, and write a source file for it, not yet approved.
    """
    from harvester import screens
    from harvester.listing import sources

    session: Session = ctx.obj
    if what:
        return _add_source(session, what, agency, id, kind, tuple(allow_network or ()), yes, dry_run)
    with session.workspace(writing=False) as workspace:
        session.show(sources(workspace, session.clock(), session.common.language), screens.sources)
    return 0


def _add_source(
    session: Session,
    what: list[str],
    agency: str,
    id: str,
    kind: str,
    networks: tuple[str, ...],
    yes: bool,
    dry_run: bool,
) -> int:
    """Probe, show, ask, write."""
    from harvester import screens_sources
    from harvester.guard import networks as judged
    from harvester.model import ZONE
    from harvester.probing import probe, source_file, source_id, write_source

    if len(what) != 2 or what[0] != "add":
        message = say("After `sources` comes nothing, or `add` and one address.")
        raise UsageRefused("KND-093", message, say("Write: opendata sources add https://data.example.gov.vn"))
    if kind:
        options.one_of("--kind", kind, _kinds())
    judged(networks)
    session.must_be_able_to_ask(yes, dry_run)
    with session.workspace(writing=False) as workspace:
        day = session.clock().astimezone(ZONE).date()
        owner = workspace.config.register.resolve(agency, day).id if agency else ""
        probed = probe(workspace, what[1], day, allow_networks=networks, kind=kind)
        id = id or source_id(what[1], {source.id for source in workspace.config.sources})
        text = source_file(probed, owner, networks)
        data = {**probed.to_json(session.common.language), "id": id, "agency": owner or None, "file": text}
        if dry_run:
            session.show(data, screens_sources.found)
            return 0
        if not session.common.json:
            session.note(screens_sources.found(data, session.common))
        if not session.agrees(say("Write config/sources/{name}.toml?", name=id), yes):
            raise PolicyRefused("USE-023", say("Nothing was recorded."), say("Run the command again to record it."))
        data["path"] = str(write_source(workspace, id, text))
    session.show(data, screens_sources.source_written)
    return 0
