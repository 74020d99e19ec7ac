"""The command `opendata`: reads the command line, runs one command, answers in words or JSON and an exit code."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

import typer

# these give the parser its commands
from harvester import commands, commands_service, commands_sources, commands_tidy  # noqa: F401
from harvester.errors import (
    ConfigurationError,
    OpendataError,
    PolicyRefused,
    PortalUnavailable,
    PublicationRefused,
    RunLocked,
    SourceUnavailable,
    UsageRefused,
)
from harvester.i18n import Text, say
from harvester.options import hoist
from harvester.parameters import parser
from harvester.session import Session, write
from harvester.usage import UsageError, no_command, options_with_value, refusal

PROGRAM = "opendata"
INTERRUPTED = 130
FIRST_WINS = (INTERRUPTED, 2, 3, 6, 4, 5, 1, 0)
"""The exit codes of the contract; where several apply, the first in this order wins."""

CODES: tuple[tuple[type[OpendataError], int], ...] = (
    (UsageRefused, 2),
    (ConfigurationError, 3),
    (RunLocked, 6),
    (PortalUnavailable, 4),
    (SourceUnavailable, 4),
    (PolicyRefused, 5),
    (PublicationRefused, 5),
    (OpendataError, 1),
)


def main(
    argv: Sequence[str] | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run one command and return its exit code (contracts: command line)."""
    environ = os.environ if environ is None else environ
    for stream in (sys.stdout, sys.stderr):
        _in_utf8(stream)
    group = parser()
    if environ.get("_OPENDATA_COMPLETE"):
        group.main(prog_name=PROGRAM)  # answers the shell and exits
    common, words = hoist(sys.argv[1:] if argv is None else argv, environ, options_with_value(group))
    given, session = bool(words), Session(common, clock, environ)
    try:
        with group.make_context(PROGRAM, words, obj=session, resilient_parsing=not given) as context:
            if not given:
                return _without_command(session, group.get_help(context))
            return exit_code([group.invoke(context) or 0])
    except typer.Exit as ending:  # after --help
        return ending.exit_code
    except UsageError as error:
        return _refuse(session, refusal(error))
    except OpendataError as error:
        return _refuse(session, error)
    except KeyboardInterrupt:
        return _stopped(session)
    except Exception as error:
        return _failed(session, error)


def exit_code(codes: Iterable[int]) -> int:
    """The one exit code of several that apply; 0 of none."""
    return min(codes, key=FIRST_WINS.index, default=0)


def code_of(error: OpendataError) -> int:
    """The exit code of a command that ended with `error`."""
    return next(code for kind, code in CODES if isinstance(error, kind))


def _without_command(session: Session, help: str) -> int:
    """Wrong usage, but most likely somebody who wants to know what there is."""
    if session.common.json:
        return _refuse(session, no_command())
    write(sys.stderr, help)
    return code_of(no_command())


def _refuse(session: Session, error: OpendataError) -> int:
    if session.common.debug:
        traceback.print_exception(error)
    _tell(session, error)
    return code_of(error)


def _stopped(session: Session) -> int:
    message = say("Stopped as you asked. What was under way is finished or undone by the next command.")
    _tell(session, OpendataError("USE-130", message, Text("", {})))
    return INTERRUPTED


def _failed(session: Session, error: Exception) -> int:
    """A bug. Its message may hold somebody's data, so only its kind is shown unless asked for more."""
    if session.common.debug:
        traceback.print_exception(error)
    message = say("The program met something that it was not written for ({kind}).", kind=type(error).__name__)
    remedy = say("Run the command again with --debug and send the lines it prints to the maintainers.")
    _tell(session, OpendataError("BUG-001", message, remedy))
    return 1


def _tell(session: Session, error: OpendataError) -> None:
    shown = error.to_json(session.common.language)
    if session.common.json:
        write(sys.stdout, json.dumps({"error": shown}, ensure_ascii=False))
        return
    from harvester.screens import failure

    session.note(failure(shown, session.common))


def _in_utf8(stream: TextIO) -> None:
    """Vietnamese whatever the locale (C, a Windows code page); what is no Unicode is shown escaped, as in JSON."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(encoding="utf-8", errors="backslashreplace")
