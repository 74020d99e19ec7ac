"""What `opendata doctor` looks at on a CKAN portal: its version, clock, licences and limit, and our rights there."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

import ckanapi

from harvester.errors import OpendataError, PortalUnavailable, PublicationRefused
from harvester.i18n import Text, say
from harvester.model import Agency, RuleSet
from publishers.ckan import Ckan
from publishers.ckan_licences import unknown
from publishers.ckan_transport import Upload

OLDEST, PROVEN = (2, 9), (2, 10)
SKEW = timedelta(minutes=2)
SHOWN = 5  # names in one line
PROBE = "opendata-do-kich-thuoc"  # with the organisation's name: the private dataset that is uploaded into
SIZES = (1, 5, 10, 50, 100, 200, 500)  # MB that are tried

Health = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at."""

    name: str
    health: Health
    message: Text
    remedy: Text = field(default_factory=lambda: Text("", {}))


def diagnose(
    portal: Ckan, agencies: Iterable[Agency], rule_sets: Iterable[RuleSet], now: datetime, *, probe: bool = False
) -> Iterator[Diagnosis]:
    """Look at the portal, writing nothing; with `probe`, upload into a private dataset to find its limit.

    What is wrong is a Diagnosis, never an exception; after the first that fails the others could only fail too.
    """
    try:
        yield _version(portal)
        yield _clock(portal, now)
        yield _rights(portal, tuple(agencies))
        yield _licences(portal, tuple(rule_sets))
        if probe:
            yield _limit(portal)
    except OpendataError as error:
        yield Diagnosis("ckan", "fail", error.message, error.remedy)
    except ckanapi.CKANAPIError as error:
        message = say("The portal does not do what was asked of it ({error}).", error=type(error).__name__)
        yield Diagnosis("ckan", "fail", message, say("Ask the portal's administrator; its log says more."))


def _version(portal: Ckan) -> Diagnosis:
    status: dict[str, Any] = portal.wire.read("status_show", anonymous=True)
    extensions = ", ".join(sorted(str(name) for name in status.get("extensions") or ())) or "–"
    written = str(status.get("ckan_version") or "")
    version = tuple(int(part) for part in written.split(".")[:2] if part.isdecimal())
    portal.wire.read("help_show", anonymous=True, name="package_revise")  # NotFound before 2.9
    found = say("CKAN {version} answers; extensions: {extensions}.", version=written or "?", extensions=extensions)
    if not version:
        hidden = say("The portal hides its version; it is treated as the most dangerous one.")
        return Diagnosis("ckan", "ok", hidden)
    if version < OLDEST:
        return Diagnosis("ckan", "fail", found, say("Upgrade the portal: at least 2.10 is needed."))
    if version < PROVEN:
        return Diagnosis(
            "ckan", "warn", found, say("2.9 has all that is needed, but nothing was proven on it: upgrade.")
        )
    return Diagnosis("ckan", "ok", found)


def _clock(portal: Ckan, now: datetime) -> Diagnosis:
    try:
        there = parsedate_to_datetime(portal.wire.date())
    except ValueError:
        return Diagnosis("ckan_clock", "ok", say("The portal does not say what time it is."))
    skew = abs(there - now)
    if skew > SKEW:
        message = say("The portal's clock differs from this machine's by {n} seconds.", n=int(skew.total_seconds()))
        return Diagnosis("ckan_clock", "warn", message, say("Set both right with a time server."))
    return Diagnosis("ckan_clock", "ok", say("The portal's clock and this machine's agree."))


def _rights(portal: Ckan, agencies: tuple[Agency, ...]) -> Diagnosis:
    portal.organisations.authorise()
    missing = [agency.slug for agency in agencies if not portal.organisations.may_publish(agency)]
    if missing:
        message = say(
            "The token may publish for {n} of {all} agencies; not yet for {names}.",
            n=len(agencies) - len(missing),
            all=len(agencies),
            names=", ".join(missing[:SHOWN]) + (" …" if len(missing) > SHOWN else ""),
        )
        remedy = say(
            "Where an organisation is missing, it is made at the first publication if the token may. Otherwise ask the "
            "portal's administrator for it, with our user as editor; or map it in config/portal.toml, [organizations]."
        )
        return Diagnosis("ckan_rights", "warn", message, remedy)
    return Diagnosis("ckan_rights", "ok", say("The token may publish for all {n} agencies.", n=len(agencies)))


def _licences(portal: Ckan, rule_sets: tuple[RuleSet, ...]) -> Diagnosis:
    missing = unknown(rule_sets, portal.wire.read("license_list", anonymous=True))
    if missing:
        message = say("The portal does not know these licences as open: {names}.", names=", ".join(missing))
        remedy = say(
            "Give its administrator deploy/ckan-licences.json, for `licenses_group_url` in CKAN's configuration. Until "
            "then datasets show the licence's id only, and CKAN does not count them as open; nothing else is lost."
        )
        return Diagnosis("ckan_licences", "warn", message, remedy)
    return Diagnosis("ckan_licences", "ok", say("The portal knows all accepted licences as open."))


def _limit(portal: Ckan) -> Diagnosis:
    """Upload more and more until the portal says no; the dataset stays, because an editor cannot purge it."""
    owner = portal.organisations.first_allowed()
    taken, refused = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / "probe.bin"
            with path.open("wb") as file:
                file.truncate(size * 2**20)
            try:
                _upload(portal, f"{PROBE}-{owner}"[:100], owner, path)
            except (PublicationRefused, PortalUnavailable, ckanapi.ValidationError):
                refused = size
                break
            taken = size
    kept = say(
        "The private dataset “{name}” stays there for the next probe; only a sysadmin can purge it.",
        name=f"{PROBE}-{owner}"[:100],
    )
    if refused:
        message = say("Files of {taken} MB are taken, of {refused} MB refused.", taken=taken, refused=refused)
        return Diagnosis("ckan_upload", "warn", message, kept)
    return Diagnosis("ckan_upload", "ok", say("Files of {taken} MB are taken.", taken=taken), kept)


def _upload(portal: Ckan, name: str, owner: str, path: Path) -> None:
    try:
        portal.wire.read("package_show", id=name)
    except ckanapi.NotFound:
        portal.wire.write("package_create", {"name": name, "title": name, "owner_org": owner, "private": True})
    fields = {"match__name": name, "filter": '["-resources"]', "update": '{"resources": [{"name": "probe"}]}'}
    upload = Upload("update__resources__0__upload", path, "probe.bin", "application/octet-stream")
    portal.wire.write("package_revise", fields, (upload,))
    portal.wire.write("package_revise", {"match__name": name, "filter": ["-resources"], "update": {"resources": []}})
