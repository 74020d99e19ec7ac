"""What the description of a dataset must say: required fields (C21), no price (C04), terms of use (C13)."""

import re
from collections.abc import Iterator, Sequence

from checks.subject import Subject
from checks.words import fold
from harvester.i18n import Text, say
from harvester.model import Dataset, Effect, Finding, Place, RuleSet, Severity

_FREE = re.compile(
    r"^(0|0 ?(d|dong|vnd)|khong( co)?( mat)?( thu)?( phi| tien)?|mien phi|free( of charge)?|none|no|false|gratis)$"
)
_PRICE = re.compile(
    r"lien he (?:de )?mua|mua du lieu|tra phi|tinh phi|co thu phi"
    r"|(?<!khong )(?<!mien )thu phi (?:khai thac|su dung|cung cap|truy cap)"
    r"|gia (?:ban|cung cap)\b.{0,20}\d (?:dong|vnd)"
    r"|(?<!khong )(?<!khong phai )(?:nop|thanh toan) (?:phi|tien) (?:de|khi|truoc khi)"
    r"|purchase|paid access|subscription fee"
)


def required_fields(subject: Subject) -> Iterator[Finding]:
    """C21: the first six fields of TT 24/2011 Điều 4 must be there; the others are advised."""
    dataset = subject.dataset
    six: Sequence[tuple[object, str, Text]] = (
        (dataset.title.strip(), "MET-001", say("title")),
        ((dataset.creator or dataset.agency).strip(), "MET-002", say("creator (agency)")),
        (dataset.issued or dataset.modified, "MET-003", say("date of issue or change")),
        (dataset.description.strip(), "MET-004", say("description")),
        ((dataset.publisher or dataset.agency).strip(), "MET-005", say("publisher")),
        (dataset.identifier.strip(), "MET-006", say("identifier")),
    )
    for value, code, field in six:
        if not value:
            yield Finding(
                code,
                Severity.ERROR,
                say("The description of the dataset lacks the field: {field}.", field=field),
                say("Fill in the field in the dataset's description (dataset.yaml)."),
                "C21",
                place=dataset.place,
            )
    yield from _advised(dataset)


def _advised(dataset: Dataset) -> Iterator[Finding]:
    fields = (
        (dataset.theme, say("theme")),
        (dataset.frequency, say("update frequency")),
        (dataset.contact, say("contact")),
        (dataset.period_end, say("period of the data")),
    )
    missing = [field for value, field in fields if not value]
    if missing:
        listed = missing[0]
        for field in missing[1:]:
            listed = say("{first}, {second}", first=listed, second=field)
        yield Finding(
            "MET-007",
            Severity.WARNING,
            say("The description could say more: {fields}.", fields=listed),
            say("Add these fields, so that people find and trust the data."),
            "C21",
            place=dataset.place,
        )


def price(subject: Subject) -> Iterator[Finding]:
    """C04: open data is free of charge; a price said anywhere in the description counts."""
    dataset = subject.dataset
    asked = bool(dataset.fee.strip()) and not _FREE.match(fold(dataset.fee))
    told = next(
        (text for text in (dataset.title, dataset.description, dataset.licence) if _PRICE.search(fold(text))), ""
    )
    if asked or told:
        yield Finding(
            "MET-010",
            Severity.ERROR,
            say("The description asks for money: “{text}”.", text=(dataset.fee or told)[:200]),
            say("Open data is free of charge. Remove the price, or do not list the dataset as open data."),
            "C04",
            place=dataset.place,
        )


def licence_of(dataset: Dataset, rules: RuleSet | None) -> str:
    """The canonical id of its licence; "" when missing, not understood, or forbidden."""
    if rules is None or _forbidden(dataset.licence, rules):
        return ""
    said = _plain(dataset.licence)
    known = {_plain(key): value for key, value in rules.licences.items()}
    return known.get(said, "")


def _plain(licence: str) -> str:
    text = " ".join(licence.strip().lower().split())
    return re.sub(r"^https?://(www\.)?|/(deed(\.\w+)?|legalcode)?/?$", "", text)


def _forbidden(licence: str, rules: RuleSet) -> bool:
    return any(re.search(pattern, licence.lower()) for pattern in rules.forbidden_licences)


def terms_of_use(subject: Subject) -> Iterator[Finding]:
    """C13: a licence of the rule set's list; one that forbids free use stops the publication."""
    dataset, rules = subject.dataset, subject.rules
    if rules is None:
        return
    accepted = ", ".join(dict.fromkeys(rules.licences.values()))
    if not dataset.licence.strip():
        yield Finding(
            "LIC-001",
            Severity.ERROR,
            say("No licence is stated."),
            say("State one of: {accepted}.", accepted=accepted),
            "C13",
            place=dataset.place,
        )
    elif _forbidden(dataset.licence, rules):
        yield Finding(
            "LIC-003",
            Severity.ERROR,
            say("The licence “{licence}” forbids free use, which open data must allow.", licence=dataset.licence[:200]),
            say("Choose one of: {accepted}.", accepted=accepted),
            "C13",
            place=dataset.place or Place(),
            effect=Effect.REFUSE,
        )
    elif not licence_of(dataset, rules):
        yield Finding(
            "LIC-002",
            Severity.WARNING,
            say("The licence “{licence}” is not known.", licence=dataset.licence[:200]),
            say("State one of: {accepted}.", accepted=accepted),
            "C13",
            place=dataset.place,
        )
