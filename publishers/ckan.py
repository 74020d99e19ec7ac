"""A CKAN portal: a dataset changes there in one commit, and whatever happens on the way is read back and decided.

New: `package_create`, private and empty, then one multipart `package_revise` with metadata, files and `private=false`;
a new version: one `package_revise` whose `match` is what was read; nothing changed: no write. Proven on 2.10, 2.11 and
2.12. No call depends on the version, so a portal that hides it is treated as the most dangerous one. Codes: CKN-0xx.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import ckanapi

from harvester.environment import Environment
from harvester.errors import PortalUnavailable
from harvester.guard import Route
from harvester.model import Agency, Change, HandEdit, Portal, Publication, Seen, SeenFile, Tombstone
from publishers import Site, ckan_fields, legal
from publishers.ckan_fields import KEY, SENT, VERSION, WITHDRAWN, WRITTEN, Package
from publishers.ckan_merging import Merged, State, changes, merged, state_in, state_of
from publishers.ckan_organisations import Organisations
from publishers.ckan_refusals import foreign, hand_edited, no_token, no_url, refused, unfinished
from publishers.ckan_transport import Upload, Wire

LONGEST_NAME = 100
ATTEMPTS = 4
"""Of one publication, when its outcome was unknown or somebody wrote in between; each begins with reading."""
PAUSE = 0.3  # seconds before the second attempt; doubles
PAGE = 1000  # CKAN gives no more at once (ckan.search.rows_max)
LOOKS = 5
"""At a dataset whose files and description disagree: CKAN shows a new file milliseconds before its description."""
MOST_LOOKS = 100  # at one whose description changes between looks, because somebody writes it again and again
BETWEEN_LOOKS = 0.1  # seconds


class Ckan:
    """The CKAN portal at `url`, with our token; asked for nothing before it is used."""

    at_once = 4

    def __init__(self, portal: Portal, environment: Environment) -> None:
        self._portal, self._environment = portal, environment
        self._base = (environment.ckan_url or portal.url).rstrip("/")

    @cached_property
    def wire(self) -> Wire:
        """The way to the portal. Raises ConfigurationError when its address or the token is missing."""
        if not self._base:
            raise no_url()
        if not self._environment.ckan_api_key:
            raise no_token()
        direct = tuple(host.strip().lower() for host in self._environment.no_proxy.split(",") if host.strip())
        route = Route(self._environment.https_proxy, direct, str(self._environment.ca_bundle or ""))
        return Wire(self._base, self._environment.ckan_api_key, route)

    @cached_property
    def organisations(self) -> Organisations:
        """The portal's organisations, as our token may use them."""
        return Organisations(self.wire, self._portal.organizations)

    def find(self, name: str) -> Seen | None:
        """The dataset of this name or with our key; one we may not see, or without our key, is somebody else's.

        Raises ConfigurationError when the portal does not know the token.
        """
        legal.check_name(name)
        self.organisations.authorise()
        try:
            package = self._package(name)
        except ckanapi.NotAuthorized:
            return Seen(name, "", "", False, 0, False, {}, (), self.url(name))
        return self._seen(name, package) if package else None

    def difference(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> tuple[Change, ...]:
        """Field by field and file by file; what was edited by hand since `last` and not by the source is kept."""
        return changes(self._merged(wanted, seen, last), seen)

    def hand_edits(self, wanted: Publication, seen: Seen | None, last: Publication | None) -> tuple[HandEdit, ...]:
        """What somebody changed on the portal since `last`."""
        return self._merged(wanted, seen, last).edits

    def publish(self, wanted: Publication, seen: Seen | None, last: Publication | None = None) -> int:
        """Make the portal show `wanted` in one commit, or find that it does; returns the write calls.

        Raises HandEdited when somebody edited what the source changed too, PublicationRefused for what CKAN or its
        extensions do not take, field by field, and PortalUnavailable when the outcome stays unknown.
        """
        return self._publish(wanted, seen, last, again=False)

    def repair(self, wanted: Publication, last: Publication | None = None) -> int:
        """Send all of it again, whatever the portal says stands there: its files or its index are not as described."""
        return self._publish(wanted, None, last, again=True)

    def read_back(self, name: str) -> Seen | None:
        """What an anonymous reader gets now, files measured; `findable` says whether the search shows it as it is."""
        legal.check_name(name)
        looks, described = 0, None
        for _ in range(MOST_LOOKS):
            seen, agreed = self._look(name)
            now = seen.metadata["package"]["metadata_modified"] if seen else None
            looks, described = looks + 1 if now == described else 1, now
            if agreed or looks == LOOKS:
                break
            time.sleep(BETWEEN_LOOKS)
        return seen

    def withdraw(self, tombstone: Tombstone, seen: Seen | None) -> int:
        """Make the dataset private, with the tombstone in its extras; its files stay for its editors, for 30 days."""
        legal.check_name(tombstone.name)
        for attempt in range(ATTEMPTS):  # of one write each
            current = self.find(tombstone.name) if attempt or seen is None else seen
            if current is None or (current.ours and current.withdrawn):
                return attempt
            if not current.ours:
                raise foreign(tombstone.name)
            package = current.metadata["package"]
            stone = ckan_fields.with_extras(package, **ckan_fields.tombstone(tombstone))
            if self._revise(package, {"private": True, "extras": stone}) is not None:
                return attempt + 1
            time.sleep(PAUSE * (1 << attempt))
        raise unfinished(tombstone.name)

    def listing(self) -> Iterator[Seen]:
        """Every dataset with our key that an anonymous reader finds by searching, in the order of their ids.

        Raises PortalUnavailable when the declared number and the datasets received differ: the listing moved.
        """
        self.organisations.authorise()
        for package in self.packages(anonymous=True):
            yield self._seen(ckan_fields.extras(package)[KEY], package)

    def url(self, name: str) -> str:
        """The page of the dataset."""
        return f"{self._base}/dataset/{name}"

    def present(self, site: Site) -> None:
        """Nothing: CKAN has pages of its own."""

    def packages(self, anonymous: bool) -> Iterator[Package]:
        """Every package with our key, as a reader or as our editor finds it. Raises PortalUnavailable as `listing`."""
        found: set[str] = set()
        start, count = 0, 1
        while start < count:
            page = self._search(f"extras_{KEY}:*", anonymous, rows=PAGE, start=start, sort="id asc")
            count = page["count"] if start == 0 or page["count"] == count else -1
            for package in page["results"]:
                if package["id"] not in found and KEY in ckan_fields.extras(package):
                    yield package
                found.add(package["id"])
            if count < 0 or (not page["results"] and len(found) < count):
                break
            start += len(page["results"])
        if len(found) != count:
            raise unfinished("")

    def ours(self) -> Iterator[Seen]:
        """Every dataset with our key, withdrawn ones too, as our editor finds it. Raises PortalUnavailable."""
        self.organisations.authorise()
        for package in self.packages(anonymous=False):
            yield self._seen(ckan_fields.extras(package)[KEY], package)

    def take_over(self, name: str, agency: Agency, source: str, identifier: str) -> Seen:
        """Put our key on a dataset that something else made, such as ckanext-harvest; our next version replaces it all.

        Raises PublicationRefused when there is none of this name, or the token may not change it.
        """
        legal.check_name(name)
        owner = self.organisations.ensure(agency)
        try:
            package = self.wire.read("package_show", id=name)
        except (ckanapi.NotFound, ckanapi.NotAuthorized) as error:
            raise refused(name, error) from error
        if (package.get("organization") or {}).get("name") != owner.name:
            raise foreign(name)
        marks = {KEY: name, "opendata_source": source, "opendata_identifier": identifier, "opendata_agency": agency.id}
        extras = ckan_fields.with_extras(package, **marks)
        resources = [{**resource, ckan_fields.FILE: "adopted"} for resource in package["resources"]]
        done = self._revise(package, {"extras": extras, "resources": resources})
        if done is None:
            raise unfinished(name)
        return self._seen(name, done)

    # ------------------------------------------------------------ writing

    def _publish(self, wanted: Publication, seen: Seen | None, last: Publication | None, again: bool) -> int:
        _check(wanted)
        owner = self.organisations.ensure(wanted.agency).id
        writes, unknown = 0, False
        for attempt in range(ATTEMPTS):
            current = self.find(wanted.name) if attempt or again else seen
            if current is not None and not current.ours:
                raise foreign(wanted.name)
            if current is None:
                writes += 1
                current = self._create(wanted, owner)
            if current is not None:
                merge = self._merged(wanted, current, last)
                if any(edit.conflict for edit in merge.edits):
                    raise hand_edited(wanted.name, merge.edits)
                if not changes(merge, current) and not (again and not unknown):
                    return writes
                writes += 1
                if self._send(wanted, merge, current.metadata["package"], owner, again) is not None:
                    return writes
            unknown = True
            time.sleep(PAUSE * (1 << attempt))
        raise unfinished(wanted.name)

    def _create(self, wanted: Publication, owner: str) -> Seen | None:
        """A private empty dataset with our key; None: unknown, or somebody was quicker, so look again."""
        new = {
            "name": wanted.name,
            "title": wanted.dataset.title,
            "owner_org": owner,
            "private": True,
            "extras": [{"key": KEY, "value": wanted.name}],
        }
        try:
            package = self.wire.write("package_create", new)
        except PortalUnavailable:
            return None
        except ckanapi.ValidationError as error:
            if "name" in error.error_dict:
                return None
            raise refused(wanted.name, error) from error
        except ckanapi.NotAuthorized as error:
            raise refused(wanted.name, error) from error
        return self._seen(wanted.name, package)

    def _send(self, wanted: Publication, merge: Merged, package: Package, owner: str, again: bool) -> Package | None:
        """All of it in one commit; None: the outcome is unknown, or somebody wrote since it was read."""
        sent = ckan_fields.extras(package).get(SENT, "")
        update = ckan_fields.package(merge.state.said, package)
        moved = merge.state.said["organization"] != (package.get("organization") or {}).get("name")
        if moved:
            update["owner_org"] = owner
        update["private"], update["state"] = False, "active"
        update["extras"] += [
            {"key": KEY, "value": wanted.name},
            {"key": VERSION, "value": str(wanted.version)},
            {"key": WRITTEN, "value": merge.digest},
            {"key": SENT, "value": str(int(sent) + 1 if sent.isdecimal() else 1)},
        ]
        update["resources"] = list(merge.state.resources.values())
        uploads = tuple(
            Upload(f"update__resources__{number}__upload", file.path, file.name, file.media_type)
            for number, resource in enumerate(merge.state.resources.values())
            for file in wanted.files
            if file.id == resource["id"] and not file.link
            if file.id in merge.new_bytes or (again and merge.state.files[file.id][0].sha256 == file.sha256)
        )
        return self._revise(package, update, uploads)

    def _revise(self, package: Package, update: Mapping[str, Any], uploads: tuple[Upload, ...] = ()) -> Package | None:
        match = {"id": package["id"], "metadata_modified": package["metadata_modified"]}
        lists = [f"-{key}" for key, value in update.items() if isinstance(value, list)]  # else they are merged by index
        fields = {"match": json.dumps(match), "filter": json.dumps(lists), "update": json.dumps(update)}
        try:
            done: Package = self.wire.write("package_revise", fields, uploads)["package"]
        except PortalUnavailable:
            return None
        except ckanapi.ValidationError as error:
            if "match" in error.error_dict:
                return None
            raise refused(package["name"], error) from error
        except (ckanapi.NotAuthorized, ckanapi.NotFound) as error:
            raise refused(package["name"], error) from error
        return done

    # ------------------------------------------------------------ reading

    def _package(self, name: str, anonymous: bool = False) -> Package | None:
        """The package of this name, else the one with our key; raises NotAuthorized for one we may not see."""
        try:
            package: Package = self.wire.read("package_show", anonymous, id=name)
            return package
        except ckanapi.NotFound:
            found = self._search(f'extras_{KEY}:"{name}"', anonymous, rows=10)["results"]
        return next((package for package in found if ckan_fields.extras(package).get(KEY) == name), None)

    def _search(self, query: str, anonymous: bool, **more: Any) -> Mapping[str, Any]:
        result: Mapping[str, Any] = self.wire.read(
            "package_search", anonymous, fq=query, include_private=not anonymous, **more
        )
        return result

    def _seen(self, name: str, package: Package) -> Seen:
        """A package as `Seen`; its metadata are its `state` as merging compares it, and the `package` itself."""
        kept = ckan_fields.extras(package)
        ours = kept.get(KEY) == name
        hidden = package.get("state") == "deleted" or (package.get("private") and WRITTEN in kept)  # by a person
        withdrawn = ours and bool(kept.get(WITHDRAWN) or hidden)
        resources = [] if withdrawn else [r for r in package.get("resources", ()) if ckan_fields.is_ours(r)]
        version = kept.get(VERSION, "")
        state = state_in(package)
        return Seen(
            name=name,
            title=str(package.get("title") or ""),
            agency=kept.get(ckan_fields.EXTRAS["agency"], ""),
            ours=ours,
            version=int(version) if version.isdecimal() else 0,
            withdrawn=withdrawn,
            metadata={"state": state, "package": package},
            files=tuple(ckan_fields.seen_file(resource) for resource in resources),
            url=self.url(str(package.get("name") or name)),
            edited=ours and not withdrawn and kept.get(WRITTEN, state.digest) != state.digest,
        )

    def _look(self, name: str) -> tuple[Seen | None, bool]:
        """The dataset as a reader gets it, and whether its files are as it describes them."""
        try:
            package = self._package(name, anonymous=True)
        except ckanapi.NotAuthorized:
            package = None
        if package is None:
            return None, True
        found = self._search(f'name:"{package["name"]}"', anonymous=True, rows=1)["results"]
        findable = [(p["id"], p["metadata_modified"]) for p in found] == [(package["id"], package["metadata_modified"])]
        seen = self._seen(name, package)
        hosted = {r["id"]: r["url"] for r in package["resources"] if r.get("url_type") == "upload"}
        files = tuple(f for file in seen.files if (f := self._measured(file, hosted)))
        return replace(seen, files=files, findable=findable), findable and files == seen.files

    def _measured(self, file: SeenFile, hosted: Mapping[str, str]) -> SeenFile | None:
        """The file with what its bytes are; as described if it is a link; None if it is not served."""
        if file.id not in hosted:
            return file
        measured = self.wire.measure(hosted[file.id])
        return SeenFile(file.id, file.name, *measured) if measured else None

    def _merged(self, wanted: Publication, seen: Seen | None, last: Publication | None) -> Merged:
        return merged(self._state(wanted), seen, self._state(last) if last else None)

    def _state(self, publication: Publication) -> State:
        organisation = self.organisations.planned(publication.agency)
        return state_of(publication, ckan_fields.fields(publication, organisation, self._portal))


def _check(wanted: Publication) -> None:
    legal.check(wanted)
    if not 2 <= len(wanted.name) <= LONGEST_NAME:
        raise legal.refused_name(wanted.name)
