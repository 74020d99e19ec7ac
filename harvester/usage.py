"""Help and refusals of the command line in the reader's language: what typer and click say only in English.

Commands and options carry their English help; the Vietnamese is looked up when it is shown. A parser's exceptions are
known by the names of their classes, because typer keeps a private copy of click that has moved between versions.

Codes: USE-001…005 values of options (`options`, `parameters`), USE-010…019 what the parser refuses (here), USE-020…023
questions and workspaces (`session`, `commands`), USE-024, 025 a schema (`checking`), USE-130 and BUG-001 (`cli`).
"""

import json
import textwrap
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import typer
import typer.core

from harvester.errors import UsageRefused
from harvester.i18n import Language, Text, say
from harvester.options import COMMON

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
ALWAYS = {*COMMON, "--help"}
WIDTH = 80


class Command(typer.core.TyperCommand):
    """A command whose help is in the reader's language; `ctx.obj` is the Session."""

    allow_extra_args = True

    def get_help(self, ctx: Any) -> str:
        """The help; with `--json`, as one JSON object."""
        return _help(self, ctx, [])

    def invoke(self, ctx: Any) -> Any:
        """Run it, unless words are left over. Raises UsageRefused."""
        if ctx.args:
            raise UsageRefused(
                "USE-010",
                say("“{words}” is more than {command} takes.", words=" ".join(ctx.args), command=ctx.command_path),
                say(
                    "“{command} --help” shows what it takes; put a value with spaces in quotes.",
                    command=ctx.command_path,
                ),
            )
        return super().invoke(ctx)


class Group(typer.core.TyperGroup):
    """The command `opendata` itself."""

    def get_help(self, ctx: Any) -> str:
        """The help; with `--json`, as one JSON object."""
        return _help(self, ctx, list(self.commands.values()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant. Raises UsageRefused, naming the nearest."""
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        nearest = get_close_matches(args[0], self.commands, 1)
        raise UsageRefused(
            "USE-011",
            say("There is no command “{name}”.", name=args[0]),
            say("Did you mean “opendata {name}”?", name=nearest[0])
            if nearest
            else say("“opendata --help” lists the commands."),
        )


def refusal(error: Any) -> UsageRefused:
    """What the parser complained about, as our own error."""
    kind = type(error).__name__
    path = error.ctx.command_path if getattr(error, "ctx", None) else "opendata"
    remedy = say("“{command} --help” shows what it takes.", command=path)
    if kind == "NoSuchOption":
        nearest = get_close_matches(error.option_name, _options(error.ctx), 1, 0.7)
        message = say("{command} has no option {option}.", command=path, option=error.option_name)
        return UsageRefused("USE-012", message, say("Did you mean {option}?", option=nearest[0]) if nearest else remedy)
    if kind == "MissingParameter":
        name = error.param.opts[0] if error.param.param_type_name == "option" else error.param.metavar
        return UsageRefused("USE-013", say("{command} needs {name}.", command=path, name=name), remedy)
    if kind == "BadOptionUsage":
        flag = "not take" in error.message
        message = (
            say("Option {option} takes no value.", option=error.option_name)
            if flag
            else say("Option {option} needs a value after it.", option=error.option_name)
        )
        return UsageRefused("USE-014", message, remedy)
    if "Missing command" in error.message:
        return no_command()
    reason = error.format_message()
    return UsageRefused("USE-019", say("The command was not understood: {reason}", reason=reason), remedy)


def no_command() -> UsageRefused:
    """Nothing but options was given."""
    return UsageRefused("USE-015", say("A command is missing."), say("“opendata --help” lists the commands."))


def options_with_value(group: Group) -> set[str]:
    """The options of all commands that swallow the next word."""
    params = [param for command in group.commands.values() for param in command.params]
    return {name for param in params if not getattr(param, "is_flag", True) for name in param.opts} - COMMON


def paragraphs(command: Any) -> list[Text]:
    """The help of a command, a message for each paragraph; the first is what the list of commands shows."""
    return [Text(" ".join(paragraph.split()), {}) for paragraph in (command.help or "").split("\n\n")]


def _options(ctx: Any) -> list[str]:
    return [name for param in ctx.command.get_params(ctx) for name in param.opts if name.startswith("-")]


def _help(command: Any, ctx: Any, subcommands: Sequence[Any]) -> str:
    text = "\n".join(_lines(command, ctx, subcommands, ctx.obj.common.language))
    return json.dumps({"help": text}, ensure_ascii=False) if ctx.obj.common.json else text


def _lines(command: Any, ctx: Any, subcommands: Sequence[Any], language: Language) -> Iterator[str]:
    def tell(text: Text) -> str:
        return text.render(language)

    params = [param for param in command.get_params(ctx) if not param.hidden]
    arguments = [p for p in params if p.param_type_name == "argument"]
    options = [p for p in params if p.param_type_name == "option"]
    words = " ".join(a.metavar if a.required else f"[{a.metavar}]" for a in arguments)
    called = tell(say("[OPTIONS] COMMAND [OPTIONS]")) if subcommands else f"{words} {tell(say('[OPTIONS]'))}".strip()
    yield from _wrapped(f"{tell(say('Usage:'))} ", f"{ctx.command_path} {called}")
    for paragraph in paragraphs(command):
        yield ""
        yield from _wrapped("", tell(paragraph))
    for heading in dict.fromkeys(c.rich_help_panel for c in subcommands):
        found = [c for c in subcommands if c.rich_help_panel == heading]
        yield from _section(Text(heading, {}), [(c.name, paragraphs(c)[0]) for c in found], language)
    common = [p for p in options if ALWAYS.intersection(p.opts)]
    own = [p for p in options if p not in common]
    yield from _section(say("What it takes"), [(a.metavar, Text(a.help, {})) for a in arguments], language)
    yield from _section(say("Options"), [(_spelling(p), _told(p)) for p in own], language)
    yield from _section(say("Options of every command"), [(_spelling(p), _told(p)) for p in common], language)
    if subcommands:
        yield ""
        yield from _wrapped("", tell(say("“opendata COMMAND --help” tells more of a command.")))


def _section(heading: Text, rows: list[tuple[str, Text]], language: Language) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"{heading.render(language)}:"
    indent = min(max(len(term) for term, _ in rows), 24) + 4
    for term, told in rows:
        lead = f"  {term}  ".ljust(indent)
        if len(lead) > indent:
            yield lead.rstrip()
            lead = " " * indent
        yield from _wrapped(lead, told.render(language))


def _wrapped(lead: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)
    return lines or [lead.rstrip()]


def _spelling(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {param.metavar}"


def _told(param: Any) -> Text:
    text = Text(param.help or "", {})
    return say("{text} (required)", text=text) if param.required else text
