"""The register of agencies: who exists on a day, who is meant by a name, who answers for whom afterwards."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from harvester.errors import ConfigurationError, UsageRefused
from harvester.i18n import Text, say
from harvester.model import Agency, Level, Place
from harvester.names import fold, nearest, slug

FILE = "config/agencies.csv"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Register:
    """All agencies there are and were. Build it with `checked`; the methods rely on what that refuses."""

    agencies: tuple[Agency, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Agency]:
        """Every agency, ended ones too, by its id."""
        return MappingProxyType({agency.id: agency for agency in self.agencies})

    def in_scope(self, levels: Collection[Level], day: date) -> tuple[Agency, ...]:
        """The agencies of these levels in being on `day`, in the order of the register."""
        return tuple(agency for agency in self.agencies if agency.level in levels and agency.exists_on(day))

    def holder(self, agency: Agency, day: date) -> Agency | None:
        """Who answers for what `agency` published: itself while it lives, then its only successor, and so on.

        None, "unassigned": it has several successors or none, or does not exist yet.
        """
        if agency.exists_on(day):
            return agency
        if not _ended(agency, day) or len(agency.successor_ids) != 1:
            return None
        return self.holder(self.by_id[agency.successor_ids[0]], day)

    def successors(self, agency: Agency, day: date) -> tuple[Agency, ...]:
        """The agencies in being on `day` that took over from an ended one, in one or several steps."""
        found: dict[str, Agency] = {}
        for id in agency.successor_ids:
            after = self.by_id[id]
            step = self.successors(after, day) if _ended(after, day) else (after,)
            found |= {each.id: each for each in step if each.exists_on(day)}
        return tuple(found.values())

    def resolve(self, text: str, day: date) -> Agency:
        """The agency that a person means on `day` by an id, a slug, or a name with or without case and diacritics.

        An exact name wins over one that is equal in case and tone placement only, and that over one without its
        diacritics, which counts only if no second name looks like it (Hòa Sơn, Hoa Sơn).
        Raises UsageRefused: AGY-001 unknown, AGY-002 ended or not yet begun, AGY-003 several are meant.
        """
        meant: tuple[Agency, ...] = ()
        for matches in _matchers(text):
            found = tuple(agency for agency in self.agencies if matches(agency))
            living = [agency for agency in found if agency.exists_on(day)]
            if len({fold(agency.name_vi) for agency in found}) > 1:
                raise _ambiguous(text, found)
            if len(living) == 1:
                return living[0]
            meant = meant or found
        raise self._not_on(meant, day) if meant else self._unknown(text, day)

    def named(self, text: str) -> Agency | None:
        """The agency with this id or slug, ended or not."""
        return self.by_id.get(text) or next((each for each in self.agencies if each.slug == text), None)

    def knows(self, text: str) -> bool:
        """Whether `text` is the id, slug or name of an agency at any time."""
        return any(matches(agency) for matches in _matchers(text) for agency in self.agencies)

    def nearest(self, text: str) -> str:
        """The id, slug or name that `text` was probably meant to be, "" if none is near."""
        return nearest(text, (word for each in self.agencies for word in (each.name_vi, each.slug, each.id)))

    def _unknown(self, text: str, day: date) -> UsageRefused:
        message = say("No agency is known as “{text}”.", text=text[:100])
        names = [each.name_vi for each in self.agencies if each.exists_on(day)]
        near = nearest(text, names) or self.nearest(text)
        if near:
            return UsageRefused("AGY-001", message, say("Did you mean “{near}”?", near=near))
        return UsageRefused("AGY-001", message, say("Use an id, a slug or a name of config/agencies.csv."))

    def _not_on(self, meant: tuple[Agency, ...], day: date) -> UsageRefused:
        agency = max(meant, key=lambda each: each.valid_to or date.max)
        if not _ended(agency, day):
            message = say("{name} did not exist yet on {day}.", name=agency.name_vi, day=day)
            before = [each for each in self.agencies if agency.id in each.successor_ids and each.exists_on(day)]
            return UsageRefused("AGY-002", message, _one_of(before))
        message = say(
            "{name} ended on {end}; asked for {day}.",
            name=agency.name_vi,
            end=agency.valid_to,
            day=day,
        )
        return UsageRefused("AGY-002", message, _one_of(self.successors(agency, day)))


def needed(share: float, in_scope: int) -> int:
    """How many agencies a share asks for: the integer ceiling, exact (0.2 of 15 is 3, not 4)."""
    return math.ceil(Fraction(str(share)) * in_scope)


def checked(agencies: Collection[Agency]) -> Register:
    """The register, if its rows agree with each other.

    Raises ConfigurationError naming the line: AGY-011 an id or slug used twice, AGY-012 an unknown successor, AGY-013
    an end before the start, AGY-014 a circle of successors, AGY-015 a gap or an overlap in a succession, AGY-016
    two agencies of one name on one day.
    """
    register = Register(tuple(agencies))
    _check_unique(register)
    for agency in register.agencies:
        _check_row(register, agency)
    for agency in register.agencies:
        _check_circle(register, agency)
        for id in agency.successor_ids:
            _check_succession(register, agency, register.by_id[id])
    _check_namesakes(register)
    return register


def _ended(agency: Agency, day: date) -> bool:
    return agency.valid_to is not None and agency.valid_to < day


def _matchers(text: str) -> Iterator[Callable[[Agency], bool]]:
    """What may be meant by `text`, the surest first."""
    text = text.strip()
    folded, bare = fold(text), slug(text, 200)
    yield lambda agency: folded == agency.id.casefold()
    yield lambda agency: text == agency.slug
    yield lambda agency: text == agency.name_vi
    yield lambda agency: folded in (fold(agency.name_vi), fold(agency.name_en))
    yield lambda agency: bare in (slug(agency.name_vi, 200), slug(agency.name_en, 200))


def _ambiguous(text: str, found: Collection[Agency]) -> UsageRefused:
    return UsageRefused("AGY-003", say("“{text}” may mean several agencies.", text=text[:100]), _one_of(found))


def _one_of(agencies: Collection[Agency]) -> Text:
    if not agencies:
        return say("Use an agency that exists on that day.")
    names = "; ".join(f"{agency.name_vi} ({agency.slug})" for agency in agencies)
    return say("Use one of: {names}.", names=names)


def _check_unique(register: Register) -> None:
    owners: dict[tuple[str, str], Agency] = {}
    for agency in register.agencies:
        for column, value in (("id", agency.id), ("slug", agency.slug)):
            first = owners.setdefault((column, value.casefold()), agency)
            if first is not agency:
                message = say("“{value}” already stands in line {line}.", value=value, line=str(first.line))
                raise _wrong("AGY-011", agency, column, message, say("Give every agency an id and a slug of its own."))


def _check_row(register: Register, agency: Agency) -> None:
    for id in agency.successor_ids:
        if id not in register.by_id:
            near = nearest(id, register.by_id)
            message = say("The successor “{successor}” is not in the register.", successor=id)
            remedy = say("Did you mean “{near}”?", near=near) if near else say("Add a line for it, or correct the id.")
            raise _wrong("AGY-012", agency, "successor_ids", message, remedy)
    if agency.valid_from and agency.valid_to and agency.valid_to < agency.valid_from:
        message = say("valid_to {end} is before valid_from {start}.", end=agency.valid_to, start=agency.valid_from)
        raise _wrong("AGY-013", agency, "valid_to", message, say("Correct one of the two days."))
    if agency.successor_ids and not agency.valid_to:
        message = say("{name} has a successor but no last day.", name=agency.name_vi)
        raise _wrong("AGY-013", agency, "valid_to", message, say("Write its last day in valid_to."))


def _check_circle(register: Register, agency: Agency) -> None:
    seen, ahead = {agency.id}, list(agency.successor_ids)
    while ahead:
        id = ahead.pop()
        if id == agency.id:
            message = say("{name} is among its own successors.", name=agency.name_vi)
            raise _wrong("AGY-014", agency, "successor_ids", message, say("Take one of the circle's successors out."))
        if id not in seen:
            seen.add(id)
            ahead += register.by_id[id].successor_ids


def _check_succession(register: Register, agency: Agency, after: Agency) -> None:
    if agency.valid_to is None or after.valid_from is None:
        return
    due = agency.valid_to + _DAY
    gap = (after.valid_from - due).days
    if gap == 0 or (gap < 0 and _existed_before(register, after, -gap)):
        return
    values = {"name": agency.name_vi, "end": agency.valid_to, "after": after.name_vi, "start": after.valid_from}
    message = (
        say("Gap: {name} ends on {end}, its successor {after} begins only on {start}.", **values)
        if gap > 0
        else say("Overlap: {name} ends on {end}, its successor {after} begins already on {start}.", **values)
    )
    remedy = say(
        "Let the successor begin on {due} (line {line}); leave its valid_from empty if it existed long before.",
        due=due,
        line=str(after.line),
    )
    raise _wrong("AGY-015", agency, "valid_to", message, remedy)


def _existed_before(register: Register, after: Agency, overlap: int) -> bool:
    """Whether a successor took the ended agency in (Vinh, Cửa Lò), rather than began with a slip in its day.

    It did if it was a year old by then, or a month old and founded by another succession.
    """
    before = [each for each in register.agencies if after.id in each.successor_ids]
    founded = any(each.valid_to and each.valid_to + _DAY == after.valid_from for each in before)
    return overlap >= 365 or (founded and overlap >= 30)


def _check_namesakes(register: Register) -> None:
    namesakes: dict[str, list[Agency]] = {}
    for agency in register.agencies:
        others = namesakes.setdefault(fold(agency.name_vi), [])
        for other in others:
            start = max(agency.valid_from or date.min, other.valid_from or date.min)
            if start <= min(agency.valid_to or date.max, other.valid_to or date.max):
                message = say(
                    "{name} also stands in line {line} for some of the same days.",
                    name=agency.name_vi,
                    line=str(other.line),
                )
                raise _wrong("AGY-016", agency, "name_vi", message, say("End the one the day before the other begins."))
        others.append(agency)


def _wrong(code: str, agency: Agency, column: str, message: Text, remedy: Text) -> ConfigurationError:
    where = say("{file}, line {line}: {message}", file=FILE, line=str(agency.line), message=message)
    return ConfigurationError(code, where, remedy, Place(file=FILE, row=agency.line, column=column).to_json())
