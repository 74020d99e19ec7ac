"""What the commands share: the application they belong to, the common options, options that several take."""

from typing import Annotated

import typer
import typer.main

from harvester import options
from harvester.errors import UsageRefused
from harvester.i18n import say
from harvester.usage import Group

KINDS = ("catalogue", "ckan")
VERDICTS = ("met", "not_met")
ENGINES = ("auto", "frictionless")

BEGIN, PUBLISH, COUNT, CORRECT = "Begin", "Collect and publish", "Count", "Correct"
OPERATE = "Run by itself"


def _left_over(param: typer.CallbackParam, value: str | None) -> str | None:
    """A common option that could not be taken out of the command line has a value that it cannot have."""
    if value is not None and param.name == "lang":
        options.one_of("--lang", value, options.LANGUAGES)
    if value == "":
        raise UsageRefused("USE-005", say("-C needs a folder after it."), say("Write the folder, or leave -C out."))
    return value


def common(
    workspace: Annotated[
        str | None,
        typer.Option(
            "-C",
            "--workspace",
            metavar="DIR",
            help="The workspace (else OPENDATA_WORKSPACE, else this folder).",
            expose_value=False,
            callback=_left_over,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Answer with one JSON object on stdout.", expose_value=False)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress, no advice: answers and errors only.", expose_value=False)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Every finding and every line.", expose_value=False)
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="vi|en",
            help="Vietnamese or English.",
            expose_value=False,
            callback=_left_over,
            autocompletion=lambda: list(options.LANGUAGES),
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program an error arose.", expose_value=False)
    ] = False,
) -> None:
    """Collect what agencies hold, check it, publish what passes, count who meets the target."""


app = typer.Typer(
    cls=Group,
    callback=common,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Folder = Annotated[str, typer.Argument(metavar="DIR", help="Folder to make; an existing workspace is kept.")]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm beforehand: ask nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, write nothing.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, and shown to readers.")]
Kind = Annotated[
    str,
    typer.Option(
        "--portal",
        metavar="catalogue|ckan",
        help="Kind of portal: a folder of its own, or a CKAN server.",
        autocompletion=lambda: list(KINDS),
    ),
]


def _agencies(incomplete: str) -> list[tuple[str, str]]:
    from harvester.listing import agencies_starting

    return agencies_starting(incomplete)


AgencyName = Annotated[
    str,
    typer.Option(
        "--agency",
        metavar="AGENCY",
        help="The agency: its id, short name, or name with or without diacritics.",
        autocompletion=_agencies,
    ),
]
Name = Annotated[str, typer.Argument(metavar="DATASET", help="Its id, or how that begins (“opendata datasets”).")]


def parser() -> Group:
    """The parser of the whole command line, with the common options known to every command."""
    group = typer.main.get_command(app)
    if not isinstance(group, Group):
        raise TypeError(group)
    known = [param for param in group.params if options.COMMON.intersection(param.opts)]
    for command in group.commands.values():
        command.params.extend(known)
    return group
