"""The errors, named by what to do about them. Raised at the doors, shown as they stand.

Every message says what is wrong, every remedy what to do; the code is stable (PUB-012) and documented by its use.
"""

from typing import Any

from harvester.i18n import Language, Text


class OpendataError(Exception):
    """Text fit to show as it stands; `code` is stable; `place` is the contract's place, as JSON, or None."""

    def __init__(self, code: str, message: Text, remedy: Text, place: dict[str, Any] | None = None) -> None:
        super().__init__(code, str(message))
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place

    def to_json(self, language: Language) -> dict[str, Any]:
        """The contract's `error` object."""
        return {
            "code": self.code,
            "message": self.message.render(language),
            "remedy": self.remedy.render(language),
            "place": self.place,
        }


class UsageRefused(OpendataError):
    """The command was asked for something it cannot understand; exit 2."""


class ConfigurationError(OpendataError):
    """A person must correct config/ or a token; nothing runs; exit 3."""


class SourceError(OpendataError):
    """This run of this source fails; the others go on."""


class SourceUnavailable(SourceError):
    """Could not be reached; the next scheduled run tries again."""


class SourceChanged(SourceError):
    """Answered in a shape we do not know; a person must look."""


class PortalUnavailable(OpendataError):
    """The portal could not be reached or failed; publishing stops, datasets stay ready."""


class PortalDisagrees(PortalUnavailable):
    """The portal answers, but one dataset does not come to stand there as it was sent; the others may."""


class PublicationRefused(OpendataError):
    """The portal refused one dataset; recorded, the next is tried."""


class PolicyRefused(OpendataError):
    """Personal data, secret marking, deletion brake, another agency's dataset; exit 5."""


class HandEdited(PolicyRefused):
    """Edited on the portal and changed by its source: the dataset is held, a person must decide."""


class RunLocked(OpendataError):
    """Another run holds the lock; exit 6."""
