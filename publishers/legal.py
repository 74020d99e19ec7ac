"""What no portal takes: names that lead elsewhere, hide one another, or would run in a reader's browser."""

import re

from harvester.errors import PublicationRefused
from harvester.i18n import say
from harvester.model import Publication, PublishedFile
from publishers.metadata import web_address

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,198}[a-z0-9])?")
FILE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-])){0,150}")
ID = re.compile(r"[A-Za-z0-9-]{1,64}")
OURS = {"index.html", "index.en.html", "datapackage.json", "tombstone.json"}
ACTIVE = {"html", "htm", "xhtml", "xht", "shtml", "svg", "svgz", "js", "mjs", "xsl", "xslt", "php", "cgi", "swf"}
"""A browser or a web server would run files of these kinds in the portal's name."""


def check(wanted: Publication) -> None:
    """Refuse names that could leave the folder, hide one another, or make a browser run them."""
    check_name(wanted.name)
    for file in wanted.files:
        _check_file(file)
    for field in ("id", "name"):
        values = [getattr(file, field).lower() for file in wanted.files]
        if len(set(values)) < len(values):
            raise _refused_files(wanted.name)
    if not wanted.files:
        raise _no_files(wanted.name)
    if wanted.version < 1 or not NAME.fullmatch(wanted.agency.slug):
        raise refused_name(f"{wanted.agency.slug}.{wanted.version}")


def check_name(name: str) -> None:
    """Raise PublicationRefused for what is no frozen name."""
    if not NAME.fullmatch(name):
        raise refused_name(name)


def _check_file(file: PublishedFile) -> None:
    ending = file.name.rpartition(".")[2].lower()
    odd = not FILE.fullmatch(file.name) or not ID.fullmatch(file.id) or file.name.lower() in OURS
    if odd or (not file.link and ending in ACTIVE) or (file.link and not web_address(file.link)):
        raise PublicationRefused(
            "CAT-012",
            say("The file {file} cannot be put on the portal: its name or its link is not safe.", file=file.name),
            say("Give it a plain name of a data file, such as danh-sach-truong.csv, and an http or https link."),
        )


def refused_name(name: str) -> PublicationRefused:
    """A name that is none."""
    return PublicationRefused(
        "CAT-011",
        say("“{name}” cannot be a name on the portal.", name=name[:80]),
        say("Use small letters without marks, digits and hyphens only."),
    )


def _refused_files(name: str) -> PublicationRefused:
    return PublicationRefused(
        "CAT-013",
        say("Two files of the dataset {name} would have the same name on the portal.", name=name),
        say("Give each file its own name."),
    )


def _no_files(name: str) -> PublicationRefused:
    return PublicationRefused(
        "CAT-016",
        say("The dataset {name} has no file, so there is nothing to publish.", name=name),
        say("Hand over at least one file with it."),
    )
