"""Which organisation of the portal stands for an agency: written down, matched or created, never guessed.

Codes: CKN-010 none and none may be created, CKN-011 one that is not surely it, CKN-012 no right to publish there,
CKN-013 the token counts for nobody.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ckanapi

from harvester.errors import ConfigurationError, PublicationRefused
from harvester.i18n import say
from harvester.model import Agency
from harvester.names import fold
from publishers.ckan_transport import Wire

PAGE = 25
"""CKAN gives no more organisations at once with their titles (ckan.group_and_organization_list_all_fields_max)."""


@dataclass(frozen=True)
class Organisation:
    """One of the portal's organisations."""

    id: str
    name: str
    title: str


class Organisations:
    """The portal's organisations as our token may use them; asked once in the life of a command."""

    def __init__(self, wire: Wire, chosen: Mapping[str, str]) -> None:
        """`chosen`: agency id → name of the portal's organisation, from portal.toml."""
        self._wire, self._chosen = wire, chosen
        self._lock = threading.Lock()
        self._all: dict[str, Organisation] | None = None
        self._allowed: set[str] = set()

    def authorise(self) -> None:
        """Learn what the token may do, once. Raises ConfigurationError CKN-013 if it is nobody's."""
        with self._lock:
            if self._all is not None:
                return
            allowed = self._wire.read("organization_list_for_user", permission="create_dataset")
            self._allowed = {found["id"] for found in allowed}
            if not allowed and not self._may_configure():
                raise _nobody(self._wire.url)
            self._all = self._listed()

    def of(self, agency: Agency) -> Organisation | None:
        """The organisation that stands for `agency`; None if there is none, or none that surely is it."""
        self.authorise()
        everyone = self._all or {}
        if agency.id in self._chosen:
            return everyone.get(self._chosen[agency.id])
        found = [o for o in everyone.values() if fold(o.title) == fold(agency.name_vi)]
        return found[0] if len(found) == 1 else None

    def ensure(self, agency: Agency) -> Organisation:
        """The agency's organisation, made if it is absent and may be, in which our token may publish.

        Raises PublicationRefused saying what is missing.
        """
        found = self.of(agency)
        if found is None:
            name = self.planned(agency)
            there = (self._all or {}).get(name)
            if there is not None:
                raise _not_surely(agency, there)
            return self._created(agency, name)
        if found.id not in self._allowed:
            raise _no_right(agency, found)
        return found

    def planned(self, agency: Agency) -> str:
        """The name of the organisation that stands, or would stand, for the agency."""
        found = self.of(agency)
        return found.name if found else self._chosen.get(agency.id, agency.slug)

    def may_publish(self, agency: Agency) -> bool:
        """Whether there is an organisation for the agency in which the token may publish."""
        found = self.of(agency)
        return found is not None and found.id in self._allowed

    def first_allowed(self) -> str:
        """The name of one organisation in which the token may publish. Raises ConfigurationError if there is none."""
        self.authorise()
        found = [one.name for one in (self._all or {}).values() if one.id in self._allowed]
        if not found:
            raise _nobody(self._wire.url)
        return found[0]

    def _created(self, agency: Agency, name: str) -> Organisation:
        try:
            made = self._wire.write("organization_create", {"name": name, "title": agency.name_vi})
        except (ckanapi.NotAuthorized, ckanapi.ValidationError) as error:
            raise _missing(agency, name) from error
        created = Organisation(made["id"], made["name"], made["title"])
        with self._lock:
            self._allowed.add(created.id)
            self._all = {**(self._all or {}), created.name: created}
        return created

    def _listed(self) -> dict[str, Organisation]:
        found: dict[str, Organisation] = {}
        while page := self._page(len(found)):
            found |= page
            if len(page) < PAGE:
                break
        return found

    def _page(self, start: int) -> dict[str, Organisation]:
        page: list[dict[str, Any]] = self._wire.read(
            "organization_list", all_fields=True, include_dataset_count=False, limit=PAGE, offset=start, sort="name asc"
        )
        return {one["name"]: Organisation(one["id"], one["name"], one["title"]) for one in page}

    def _may_configure(self) -> bool:
        """Whether the token is a sysadmin's, who may be in no organisation because there is none yet."""
        try:
            self._wire.read("config_option_list")
        except (ckanapi.NotAuthorized, ckanapi.NotFound):
            return False
        return True


def _nobody(url: str) -> ConfigurationError:
    return ConfigurationError(
        "CKN-013",
        say("The portal {url} does not know the token, or its user may publish in no organisation.", url=url),
        say(
            "Make a token on the portal's page of the user, put it into CKAN_API_KEY, and make the user an editor of "
            "the agencies' organisations."
        ),
    )


def _missing(agency: Agency, name: str) -> PublicationRefused:
    return PublicationRefused(
        "CKN-010",
        say("The portal has no organisation for {agency}, and the token may not make one.", agency=agency.name_vi),
        say(
            "Ask the portal's administrator to make the organisation “{name}” and our user its editor; or name another "
            'one in config/portal.toml under [organizations]: {agency} = "…".',
            name=name,
            agency=agency.id,
        ),
    )


def _not_surely(agency: Agency, there: Organisation) -> PublicationRefused:
    return PublicationRefused(
        "CKN-011",
        say(
            "The portal's organisation “{name}” is called “{title}”; is it {agency}?",
            name=there.name,
            title=there.title,
            agency=agency.name_vi,
        ),
        say(
            'If it is, write in config/portal.toml under [organizations]: {agency} = "{name}".',
            agency=agency.id,
            name=there.name,
        ),
    )


def _no_right(agency: Agency, found: Organisation) -> PublicationRefused:
    return PublicationRefused(
        "CKN-012",
        say(
            "The token may not publish in the organisation “{title}” of {agency}.",
            title=found.title,
            agency=agency.name_vi,
        ),
        say("Ask the portal's administrator to make the token's user an editor of “{name}”.", name=found.name),
    )
