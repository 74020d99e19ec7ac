"""A new workspace: the packaged configuration written into a folder, whole or not at all, over nothing.

Codes: CFG-015 something is there already, CFG-016 the folder cannot be written.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

from harvester.config import packaged
from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import say

IGNORED = """\
# What opendata makes and can make again or must not share; config/ is what belongs under version control.
/state.db*
/files/
/portal/
/locks/
"""


def initialise(folder: Path, kind: str) -> tuple[Path, ...]:
    """Write config/ and .gitignore for a portal of `kind` ("catalogue", "ckan") into `folder`; returns the files.

    All or nothing, and never over anything: raises UsageRefused CFG-015 if one is there already,
    ConfigurationError CFG-016 if the folder cannot be written.
    """
    new = (folder / "config", folder / ".gitignore")
    try:
        for path in new:
            if path.exists() or path.is_symlink():
                message = say("{path} is there already; nothing was written.", path=str(path))
                raise UsageRefused("CFG-015", message, say("Name another folder, or move it away first."))
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".opendata-", dir=folder) as staging:
            names = _write(Path(staging), kind)
            _move(Path(staging), new)
    except OSError as error:
        message = say("{path} cannot be written: {reason}.", path=str(folder), reason=error.strerror or str(error))
        remedy = say("Name a folder that the user of this command may write.")
        raise ConfigurationError("CFG-016", message, remedy) from error
    return tuple(folder / name for name in names)


def _write(staging: Path, kind: str) -> list[str]:
    """The files of a new workspace, by content only: the packaged ones may be read-only."""
    contents = {f"config/{path.relative_to(packaged()).as_posix()}": path for path in sorted(packaged().rglob("*"))}
    written = [name for name, path in contents.items() if path.is_file()]
    for name in written:
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_bytes(contents[name].read_bytes())
    portal = staging / "config" / "portal.toml"
    text = portal.read_text("utf-8").replace('\nkind = "catalogue"', f'\nkind = "{kind}"')
    portal.write_text(text.replace("\n# url =", "\nurl =") if kind == "ckan" else text, "utf-8")
    (staging / ".gitignore").write_text(IGNORED, "utf-8")
    return [*written, ".gitignore"]


def _move(staging: Path, new: tuple[Path, ...]) -> None:
    """Each into its place by one rename; the first ones back if a later one fails."""
    moved: list[Path] = []
    try:
        for path in new:
            (staging / path.name).rename(path)
            moved.append(path)
    except OSError:
        for path in moved:
            with suppress(OSError):
                path.rename(staging / path.name)
        raise
