"""A folder that is a portal: Data Packages, catalogues and pages that any web server, or none, can serve.

A dataset's version is a folder that never changes once it is shown; `dataset/<name>` is a pointer to one of them, and
replacing that pointer is the moment of publication. A process killed anywhere leaves the previous or the new version.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harvester.errors import PublicationRefused
from harvester.i18n import say
from harvester.model import Change, HandEdit, Portal, Publication, Seen, SeenFile, Tombstone
from publishers import Site, metadata, pages
from publishers.dcat import data_json, dcat
from publishers.folder import WITHDRAWN, Folder, measure, owner
from publishers.legal import NAME, check, check_name
from publishers.metadata import Description


class Catalogue:
    """The embedded portal, in `folder`; `portal` says its title, its address and whether it is an illustration."""

    at_once = 1  # it has one lock

    def __init__(self, portal: Portal, folder: Path) -> None:
        self._portal = portal
        self._folder = Folder(folder)
        self._base = portal.base_url.rstrip("/") + "/" if portal.base_url else ""

    def find(self, name: str) -> Seen | None:
        """What the pointer `name` shows; `ours` is False for what we did not write.

        Hashes are as described, unless a file is gone or of another size.
        """
        check_name(name)
        with self._folder.reading():
            return self._seen(name)

    def difference(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> tuple[Change, ...]:
        """Field by field and file by file; a withdrawn dataset comes back as a whole."""
        package = metadata.data_package(wanted, self._portal.illustration)
        new = metadata.seen(package, wanted.name, self.url(wanted.name), metadata.seen_files(package))
        return metadata.difference(new, seen)

    def hand_edits(self, wanted: Publication, seen: Seen | None, last: Publication | None) -> tuple[HandEdit, ...]:
        """None: nobody writes in this portal but us."""
        return ()

    def publish(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> int:
        """Stage the version, put it in its place, turn the pointer; 0 if it was there whole already.

        Raises PublicationRefused for names that could leave the folder or run in a browser, for what is not ours under
        that name, for a version number that was shown with other content, and for a damaged kept copy.
        """
        check(wanted)
        package = metadata.data_package(wanted, self._portal.illustration)
        version, hosted = f"{wanted.name}.{wanted.version}", [file for file in wanted.files if not file.link]
        texts = {"datapackage.json": metadata.dumped(package)} | pages.dataset(
            wanted, package, self._portal, self._base
        )
        with self._folder.writing():
            shown = self._not_foreign(wanted.name)
            before = self._folder.target(wanted.name)
            held = self._described(version)
            if held and metadata.dumped(held) == texts["datapackage.json"]:
                wrote = self._folder.mend(version, texts, hosted)
            elif held is None or (held and wanted.version > (shown.version if shown else 0)):
                self._folder.add(version, texts, hosted)
                wrote = True
            else:
                raise _taken(wanted) if held else _foreign(version)
            wrote = self._folder.point(wanted.name, version) or wrote
            if before and before != version and WITHDRAWN in before:
                self._folder.remove([before])
        return int(wrote)

    def repair(self, wanted: Publication, last: Publication | None = None) -> int:
        """As `publish`, which mends what it finds damaged."""
        return self.publish(wanted, None)

    def read_back(self, name: str) -> Seen | None:
        """As `find`, with size and SHA-256 of the bytes that lie there; a missing file is missing."""
        check_name(name)
        with self._folder.reading():
            return self._seen(name, read=True)

    def withdraw(self, tombstone: Tombstone, seen: Seen | None) -> int:
        """Turn the pointer to a tombstone, then remove every version; 0 if that had been done."""
        check_name(tombstone.name)
        stone = metadata.tombstone(tombstone, self._portal.illustration)
        content = metadata.dumped(stone)
        version = f"{tombstone.name}.withdrawn-{hashlib.sha256(content).hexdigest()[:12]}"
        texts = {"tombstone.json": content} | pages.tombstone(tombstone, self._portal, self._base)
        with self._folder.writing():
            self._not_foreign(tombstone.name)
            wrote = False
            if self._folder.target(tombstone.name):
                if self._described(version) != stone:
                    self._folder.add(version, texts, ())
                    wrote = True
                wrote = self._folder.point(tombstone.name, version) or wrote
            gone = [found for found in self._folder.all() if owner(found) == tombstone.name and found != version]
            self._folder.remove(gone)
        return int(wrote or bool(gone))

    def listing(self) -> Iterator[Seen]:
        """Every dataset that a pointer shows, in the order of names; what is withdrawn or not ours is not listed."""
        for name in self._names():
            with self._folder.reading():
                found = self._seen(name)
            if found and found.ours and not found.withdrawn:
                yield found

    def url(self, name: str) -> str:
        """The page's address; relative to the portal's folder if portal.toml gives no `base_url`."""
        return f"{self._base}dataset/{name}/" if self._base else f"dataset/{name}/index.html"

    def present(self, site: Site) -> None:
        """Write the pages and catalogues whose content changed, then remove the pages of agencies that are gone."""
        for agency in site.agencies:
            check_name(agency.slug)
        root = self._folder.root
        with self._folder.writing():
            current: set[str] = set()
            for path, content in pages.surroundings(site, map(pages.summary, self._all_shown()), self._base):
                self._folder.write(root / path, content)
                current.add(path)
            for name, catalogue in (("catalog.jsonld", dcat), ("data.json", data_json)):
                self._folder.write_pieces(root / name, lambda: catalogue(site, self._all_shown(), self._base))  # noqa: B023
            for page in sorted(root.glob("agency/*.html")):
                if str(page.relative_to(root)) not in current:
                    page.unlink()
            self._folder.remove(self._unreachable())

    # ------------------------------------------------------------ reading the folder

    def _names(self) -> list[str]:
        with self._folder.reading():
            pointers = self._folder.pointers
            found = sorted(p.name for p in pointers.iterdir()) if pointers.is_dir() else []
        return [name for name in found if NAME.fullmatch(name)]

    def _seen(self, name: str, read: bool = False) -> Seen | None:
        version = self._folder.target(name)
        seen = self._look(name, version, read)
        if self._folder.target(name) != version:  # another version came meanwhile: what was seen may be half gone
            return self._seen(name, read)
        return seen

    def _look(self, name: str, version: str | None, read: bool) -> Seen | None:
        if version is None or (version and not (self._folder.versions / version).exists()):
            return None
        description = self._described(version) if version else None
        if not description:
            return Seen(name, "", "", False, 0, False, {}, (), self.url(name))
        linked = {r["id"] for r in description.get("resources", ()) if metadata.is_link(r)}
        files = (
            file if file.id in linked else self._served(version, file, read)
            for file in metadata.seen_files(description)
        )
        return metadata.seen(description, name, self.url(name), (file for file in files if file))

    def _all_shown(self) -> Iterator[Description]:
        return (description for name in self._names() if (description := self._shown(name)))

    def _shown(self, name: str) -> Description | None:
        """The description of a dataset that readers find; None if it is withdrawn or not ours."""
        with self._folder.reading():
            version = self._folder.target(name)
            description = self._described(version) if version else None
        return description if description and not description["opendata"]["withdrawn"] else None

    def _served(self, version: str, file: SeenFile, read: bool) -> SeenFile | None:
        """The file as it lies there; its bytes are read if asked to, or if its size is not as described."""
        path = self._folder.versions / version / file.name
        if not read and path.is_file() and path.stat().st_size == file.bytes:
            return file
        found = measure(path)
        return SeenFile(file.id, file.name, *found) if found else None

    def _described(self, version: str) -> dict[str, Any] | None:
        """The description in a version folder; None if there is no such folder, {} if it is not ours."""
        folder = self._folder.versions / version
        if not folder.exists():
            return None
        path = folder / ("tombstone.json" if WITHDRAWN in version else "datapackage.json")
        try:
            description = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return {}
        return description if metadata.is_ours(description, owner(version)) else {}

    def _not_foreign(self, name: str) -> Seen | None:
        shown = self._seen(name)
        if shown and not shown.ours:
            raise _foreign(name)
        return shown

    def _unreachable(self) -> list[str]:
        """What a killed process left that must not be read: versions behind a tombstone, and replaced tombstones."""
        found: list[str] = []
        for version in self._folder.all():
            shown = self._folder.target(owner(version))
            if shown and shown != version and (WITHDRAWN in shown or WITHDRAWN in version):
                found.append(version)
        return found


def _foreign(name: str) -> PublicationRefused:
    return PublicationRefused(
        "CAT-014",
        say("What lies under the name {name} in the portal folder was not written by this program.", name=name),
        say("Look at it, move it away by hand, then repeat the command."),
    )


def _taken(wanted: Publication) -> PublicationRefused:
    return PublicationRefused(
        "CAT-015",
        say(
            "Version {version} of the dataset {name} was published with other content and cannot be changed.",
            version=str(wanted.version),
            name=wanted.name,
        ),
        say("Publish it as the next version."),
    )
