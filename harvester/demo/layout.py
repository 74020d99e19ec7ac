"""Lay out the demo's workspace: the province's real configuration, and hand-overs of which all but one are invented.

Nothing here is special to the program: what is written is what `opendata init` writes, plus one line in
portal.toml, the files of `data/sources/` and those of `data/ban-giao/`.
"""

import re
import shutil
import zipfile
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from harvester.starting import initialise

DATA = Path(__file__).parent / "data"
TEMPLATES = {".yaml", ".json", ".toml", ".csv", ".geojson"}
DAY = re.compile(r"\{\{day([+-]\d+)?\}\}")


def render(template: str, day: date) -> str:
    """`template` with `{{day}}`, `{{day-20}}`, `{{day+3}}` replaced by that many days from `day`, as YYYY-MM-DD.

    The invented hand-overs are dated from the day the demo is made, so that on any day the same ones are overdue.
    """
    return DAY.sub(lambda gap: (day + timedelta(days=int(gap[1] or 0))).isoformat(), template)


def lay_out(folder: Path, kind: str, day: date) -> None:
    """Make the demo's workspace at `folder`, which is absent or empty; it appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as staging:
        made = Path(staging) / "workspace"
        initialise(made, kind)
        portal = made / "config" / "portal.toml"
        portal.write_text(portal.read_text("utf-8").replace("# illustration = true", "illustration = true"), "utf-8")
        _copy(DATA / "sources", made / "config" / "sources", day)
        _copy(DATA / "ban-giao", made / "ban-giao", day)
        register = made / "ban-giao" / "don-vi-bien-tap" / "danh-ba-co-quan" / "danh-ba-co-quan.csv"
        shutil.copyfile(made / "config" / "agencies.csv", register)
        made.replace(folder)


def _copy(template: Path, target: Path, day: date) -> None:
    """Copy a folder of `data/`, dates filled in; a folder named `*.zip` becomes that ZIP."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(template.iterdir()):
        if entry.suffix == ".zip":
            _zip(entry, target / entry.name, day)
        elif entry.is_dir():
            _copy(entry, target / entry.name, day)
        else:
            (target / entry.name).write_bytes(_content(entry, day))


def _zip(template: Path, target: Path, day: date) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for entry in sorted(path for path in template.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(entry.relative_to(template).as_posix(), (day.year, day.month, day.day, 0, 0, 0))
            archive.writestr(member, _content(entry, day), zipfile.ZIP_DEFLATED)


def _content(template: Path, day: date) -> bytes:
    if template.suffix not in TEMPLATES:
        return template.read_bytes()
    return render(template.read_text("utf-8"), day).encode()
