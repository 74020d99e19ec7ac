"""What a CKAN portal would not do, as the steward is told it.

Codes: CKN-020 no address, CKN-021 no token, CKN-022 somebody else's dataset, CKN-023 refused field by field,
CKN-024 no right, CKN-025 edited by hand and changed by the source, CKN-026 not finished.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import ckanapi

from harvester.errors import ConfigurationError, HandEdited, PortalDisagrees, PublicationRefused
from harvester.i18n import say
from harvester.model import HandEdit
from publishers.ckan_fields import CORE, EXTRAS

LONGEST = 200  # characters shown of one value
OUR_WORDS = {key: name for name, key in (CORE | EXTRAS).items()}


def no_url() -> ConfigurationError:
    """The portal's address is not configured."""
    return ConfigurationError(
        "CKN-020",
        say('config/portal.toml says kind = "ckan", but no address.'),
        say('Write url = "https://…" there, or set CKAN_URL.'),
    )


def no_token() -> ConfigurationError:
    """There is no token in the environment."""
    return ConfigurationError(
        "CKN-021",
        say("There is no token for the CKAN portal."),
        say("Put it into CKAN_API_KEY, or into a file named by CKAN_API_KEY_FILE; never into config/."),
    )


def foreign(name: str) -> PublicationRefused:
    """Somebody else has a dataset of this name."""
    return PublicationRefused(
        "CKN-022",
        say("The portal has a dataset “{name}” that is not ours, or that the token may not see.", name=name),
        say("It is left untouched. Rename or remove it there; or take it over: opendata adopt {name}.", name=name),
    )


def refused(name: str, error: ckanapi.ValidationError | ckanapi.NotAuthorized | ckanapi.NotFound) -> PublicationRefused:
    """CKAN, or one of its extensions, said no."""
    if isinstance(error, ckanapi.ValidationError):
        told = "; ".join(f"{where}: {what}" for where, what in _told(error.error_dict or {})) or "–"
        return PublicationRefused(
            "CKN-023",
            say("The portal refuses “{name}”: {told}", name=name, told=told),
            say("Correct these fields at the source; the last version stays on the portal."),
        )
    return PublicationRefused(
        "CKN-024",
        say("The token may not change “{name}” on the portal.", name=name),
        say("Ask the portal's administrator to make the token's user an editor of the dataset's organisation."),
    )


def hand_edited(name: str, edits: Iterable[HandEdit]) -> HandEdited:
    """Somebody edited on the portal what the source changed too."""
    told = "; ".join(
        f"{edit.field}: “{edit.found[:LONGEST]}” ↔ “{edit.wanted[:LONGEST]}”" for edit in edits if edit.conflict
    )
    return HandEdited(
        "CKN-025",
        say(
            "“{name}” was edited on the portal, and its source changed the same (portal ↔ source): {told}",
            name=name,
            told=told,
        ),
        say("Write one of the two values in both places, or put the old one back on the portal; then run again."),
    )


def unfinished(name: str) -> PortalDisagrees:
    """The portal did not come to rest."""
    return PortalDisagrees(
        "CKN-026",
        say("The portal answers, but does not finish what is asked of it ({what}).", what=name or "package_search"),
        say("Nothing is lost: the next run reads back and goes on. Look at the portal's log if it stays so."),
    )


def _told(errors: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """CKAN's nested errors as pairs of place and message: resources[1].format, in our words where we have one."""
    if isinstance(errors, dict):
        for key, inner in errors.items():
            if key != "__type":
                word = OUR_WORDS.get(str(key), str(key))
                yield from _told(inner, f"{where}.{word}" if where else word)
    elif isinstance(errors, list) and any(isinstance(inner, dict | list) for inner in errors):
        for number, inner in enumerate(errors):
            yield from _told(inner, f"{where}[{number}]")
    elif errors:
        text = ", ".join(str(one) for one in errors) if isinstance(errors, list) else str(errors)
        yield where or "–", text[:LONGEST]
