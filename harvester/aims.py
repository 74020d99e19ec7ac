"""What is aimed at: the targets of config/targets.toml and the figures that people enter for some of them."""

from collections.abc import Collection, Mapping

from harvester.documents import Section
from harvester.i18n import say
from harvester.model import Figure, Level, Target


def targets(document: Section) -> tuple[Target, ...]:
    """The targets of the document, with the figures that people enter. Raises ConfigurationError.

    A line of figures may leave out `target` where only one target is fed by a person.
    """
    document.keys(needed=("targets",), allowed=("figures",))
    sections = document.sections("targets")
    by_person = [section.text("id") for section in sections if section.flag("fed_by_person")]
    fed: dict[str, list[Figure]] = {id: [] for id in by_person}
    for section in document.sections("figures"):
        id = section.word("target", by_person, by_person[0] if len(by_person) == 1 else "")
        fed[id].append(_figure(section, fed[id]))
    found: list[Target] = []
    for section in sections:
        target = _target(section, fed)
        if target.id in [each.id for each in found]:
            message = say("The target `{target}` is given twice.", target=target.id)
            raise section.wrong("CFG-010", "id", message, say("Give every target an id of its own."))
        found.append(target)
    return tuple(found)


def _target(section: Section, fed: Mapping[str, list[Figure]]) -> Target:
    section.keys(
        needed=("id", "title_vi", "title_en", "legal_source", "due", "share"),
        allowed=("levels", "fed_by_person", "note_vi", "note_en"),
    )
    id, share, by_person = section.text("id"), section.number("share"), section.flag("fed_by_person")
    if not 0 <= share <= 1:
        message = say("The share {share} is not between 0 and 1.", share=str(share))
        raise section.wrong("CFG-011", "share", message, say("Write 20 % as 0.2."))
    levels = frozenset(_level(section, level) for level in section.texts("levels"))
    if bool(levels) == by_person:
        message = say("A target has either `levels` or `fed_by_person = true`.")
        raise section.wrong(
            "CFG-011", "levels", message, say('Write levels = ["province"], or leave the figures to a person.')
        )
    return Target(
        id=id,
        title_vi=section.text("title_vi"),
        title_en=section.text("title_en"),
        legal_source=section.text("legal_source"),
        due=section.due("due"),
        share=share,
        levels=levels,
        fed_by_person=by_person,
        figures=tuple(sorted(fed.get(id, ()), key=lambda figure: figure.day)),
        note_vi=section.text("note_vi"),
        note_en=section.text("note_en"),
    )


def _level(section: Section, text: str) -> Level:
    words = [level.value for level in Level if level is not Level.OTHER]
    if text not in words:
        message = say("`{level}` is not a level of government.", level=text[:100])
        raise section.wrong("CFG-006", "levels", message, say("Write one of: {words}.", words=", ".join(words)))
    return Level(text)


def _figure(section: Section, earlier: Collection[Figure]) -> Figure:
    section.keys(needed=("day", "in_scope", "met", "document"), allowed=("target",))
    figure = Figure(section.due("day"), section.whole("in_scope"), section.whole("met"), section.text("document"))
    if figure.met > figure.in_scope:
        message = say("{met} met of {in_scope} in scope cannot be.", met=figure.met, in_scope=figure.in_scope)
        raise section.wrong("CFG-011", "met", message, say("Correct `met` or `in_scope` from the document."))
    if figure.day in [each.day for each in earlier]:
        message = say("There is another figure for {day}.", day=figure.day)
        raise section.wrong("CFG-010", "day", message, say("Keep one figure for a day."))
    return figure
