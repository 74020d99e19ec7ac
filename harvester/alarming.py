"""Who must know, from when on, and how: config/alarms.toml. Without the file alarms are shown, nobody is written to.

Passwords are not in it: OPENDATA_SMTP_PASSWORD and OPENDATA_WEBHOOK_SECRET are read from the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harvester.cron import cron_mistake
from harvester.documents import Section
from harvester.i18n import say

TLS = ("starttls", "tls", "none")


@dataclass(frozen=True)
class Mail:
    """The mail server, and whom to write to."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    tls: str = "starttls"  # "none": only within one's own network
    user: str = ""
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Webhook:
    """A program that is told."""

    url: str
    allow_networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alarming:
    """When a state becomes an alarm, and what is done with alarms."""

    failing: int = 3  # attempts of a source that failed in a row
    overdue_hours: int = 6  # since a source was due
    free_megabytes: int = 1024  # on the workspace's disk
    token_days: int = 14  # before the portal's token ends
    escalate_working_days: int = 3  # an alarm stands before those above are told
    mail: Mail | None = None
    webhook: Webhook | None = None
    digest: str = ""  # cron: when agencies get their digest
    digest_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # agency id → addresses


def alarming(document: Section) -> Alarming:
    """What the document says. Raises ConfigurationError."""
    document.keys(needed=(), allowed=("limits", "mail", "webhook", "digest"))
    limits, digest = document.section("limits"), document.section("digest")
    names = ("failing", "overdue_hours", "free_megabytes", "token_days", "escalate_working_days")
    limits.keys(needed=(), allowed=names)
    digest.keys(needed=("schedule", "to") if digest.values else ())
    schedule, to = digest.text("schedule"), digest.section("to")
    wrong = cron_mistake(schedule) if schedule else None
    if wrong:
        raise digest.wrong("CFG-009", "schedule", wrong, say('Write for example schedule = "0 7 * * 1".'))
    return Alarming(
        **{name: max(1, limits.whole(name, getattr(Alarming, name))) for name in names},
        mail=_mail(document.section("mail")) if "mail" in document.values else None,
        webhook=_webhook(document.section("webhook")) if "webhook" in document.values else None,
        digest=schedule,
        digest_to={agency: _addresses(to, agency) for agency in to.values},
    )


def _mail(section: Section) -> Mail:
    section.keys(needed=("host", "from", "to"), allowed=("port", "tls", "user", "escalate_to"))
    sender = section.text("from")
    _check_address(section, "from", sender)
    return Mail(
        host=section.text("host"),
        sender=sender,
        to=_addresses(section, "to"),
        port=section.whole("port", Mail.port),
        tls=section.word("tls", TLS, Mail.tls),
        user=section.text("user"),
        escalate_to=_addresses(section, "escalate_to"),
    )


def _webhook(section: Section) -> Webhook:
    section.keys(needed=("url",), allowed=("allow_networks",))
    url = section.text("url")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password:
        message = say("`{key}` is not a web address.", key="url")
        raise section.wrong("CFG-009", "url", message, say("Write it whole, without a password: https://…"))
    return Webhook(url, section.texts("allow_networks"))


def _addresses(section: Section, key: str) -> tuple[str, ...]:
    addresses = section.texts(key)
    for address in addresses:
        _check_address(section, key, address)
    return addresses


def _check_address(section: Section, key: str, address: str) -> None:
    name, _, host = address.partition("@")
    if not (name and host and address.isascii() and address.isprintable()) or set(address) & set(' ,;<>"@') - {"@"}:
        message = say("`{address}` is no e-mail address.", address=address[:100])
        raise section.wrong("CFG-006", key, message, say("Write it bare: van-thu@nghean.gov.vn."))
