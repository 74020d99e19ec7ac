"""What other people's servers may cost us, in seconds, bytes and tries; `[limits]` in portal.toml changes it."""

from dataclasses import dataclass, fields

from harvester.errors import ConfigurationError
from harvester.i18n import say


@dataclass(frozen=True)
class Limits:
    """What one server may cost us: seconds, bytes, tries. All can be changed, none can be switched off."""

    connect: float = 5.0  # seconds to connect
    read: float = 20.0  # seconds without a single byte
    total: float = 60.0  # seconds for one address, renewed while `rate` is kept
    rate: int = 50_000  # bytes a second that renew `total`
    longest: float = 3600.0  # seconds for one answer whatever its rate
    listing_bytes: int = 64 * 2**20  # of a document that is read into memory
    file_bytes: int = 2 * 2**30  # of a file, after decompression
    ratio: int = 100  # decompressed : compressed, above `ratio_floor` bytes
    ratio_floor: int = 64 * 2**20
    retries: int = 3  # after the first attempt
    backoff: float = 0.5  # seconds before the first retry; doubles
    longest_wait: float = 20.0  # seconds of Retry-After that are waited for
    redirects: int = 5
    per_host: int = 2  # requests at once
    patience: int = 4  # addresses failed in a row, before the host counts as down for this run
    listing: float = 120.0  # seconds of one source's listing, its files left aside

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in ("retries", "redirects", "backoff") else 1e-3
            if not isinstance(value, int | float) or not least <= value < float("inf"):
                raise ConfigurationError(
                    "NET-030",
                    say("The limit {name} cannot be {value}.", name=field.name, value=str(value)),
                    say("Write a positive number; a limit can be raised but not switched off."),
                )
