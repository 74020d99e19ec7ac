"""The commands about a steward's own file: `tidy`, `template`."""

import shutil
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, cast

import typer

from harvester import options
from harvester.errors import UsageRefused
from harvester.i18n import say
from harvester.parameters import PUBLISH, Name, app
from harvester.session import Session
from harvester.usage import Command

HEADERS = ("label", "id")


@app.command(cls=Command, rich_help_panel=PUBLISH)
def tidy(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An XLSX, XLS, ODS, CSV or text file.")],
    sheet: Annotated[str, typer.Option("--sheet", metavar="S", help="Only this sheet.")] = "",
    output: Annotated[
        str, typer.Option("--output", metavar="DIR", help="Where the tables are written (else FILE's name + “-tidy”).")
    ] = "",
    report: Annotated[
        str, typer.Option("--report", metavar="FILE", help="Where the report is written (else report.json there).")
    ] = "",
    headers: Annotated[
        str,
        typer.Option(
            "--headers",
            metavar="|".join(HEADERS),
            help="First row of the tables: labels or short ids.",
            autocompletion=lambda: list(HEADERS),
        ),
    ] = "label",
    marked: Annotated[
        str, typer.Option("--marked", metavar="FILE", help="Also a copy of the workbook with the cells coloured.")
    ] = "",
) -> int:
    """Make tidy tables of a workbook made for print, with a list of every change.

    Headings, totals and notes go, merged headers become one row, dates and numbers plain. Nothing is guessed: what
    cannot be decided stays as written.
    """
    from harvester import screens_tidy
    from harvester.tidy.apart import tidy_apart

    session: Session = ctx.obj
    options.one_of("--headers", headers, HEADERS)
    path = Path(file)
    if not path.is_file():
        told = say("{path} does not exist, or is no file.", path=file)
        raise UsageRefused("TDY-001", told, say("Name one file; the Tab key completes it."))
    folder = Path(output) if output else Path(f"{path.stem}-tidy")
    with TemporaryDirectory() as made:
        chosen = cast(Literal["label", "id"], headers)
        result = tidy_apart(
            path, Path(made), sheet=sheet, headers=chosen, language=session.common.language, marked=bool(marked)
        )
        _deliver(result.folder, folder, Path(report) if report else folder / "report.json", marked)
    data = {**result.report, "file": file, "output": str(folder)}
    session.show(data, screens_tidy.tidy)
    return 5 if result.refused else 0


@app.command(cls=Command, rich_help_panel=PUBLISH)
def template(
    ctx: typer.Context,
    dataset: Name,
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="Where it is written (else the dataset's id + .xlsx).")
    ] = "",
) -> int:
    """Make an empty workbook in the form of a dataset: drop-downs, an example row, notes."""
    from harvester import screens_tidy
    from harvester.template import template

    session: Session = ctx.obj
    path = Path(output or f"{PurePath(dataset).name}.xlsx")
    with session.workspace(writing=False) as workspace:
        title = template(workspace, dataset, session.common.language, path)
    session.show({"dataset": dataset, "title": title, "output": str(path)}, screens_tidy.template)
    return 0


def _deliver(made: Path, folder: Path, report: Path, marked: str) -> None:
    """Put tables and report where they were asked for."""
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / "report.json", report)
        for path in sorted(made.glob("*.csv")) + sorted(made.glob("datapackage.json")):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / path.name)
        if marked and (made / "marked.xlsx").exists():
            shutil.copyfile(made / "marked.xlsx", marked)
    except OSError as error:
        raise UsageRefused(
            "TDY-002",
            say(
                "The result cannot be written to {folder}: {reason}.", folder=str(folder), reason=error.strerror or "?"
            ),
            say("Name another folder with --output."),
        ) from error
