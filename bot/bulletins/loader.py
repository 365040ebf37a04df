"""rooms/bulletins.yaml, rooms/tips.yaml and rooms/templates/ as one checked value.

Every template is rendered with full, empty and absent facts while loading: a misspelt name is found by
`kentongan check`, not at seven in the morning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bot.bulletins import template
from bot.bulletins.fields import Period
from bot.bulletins.model import Bulletins, BulletinsFile, Kind, Override, TipsFile
from bot.bulletins.origins import Sources
from bot.bulletins.samples import samples
from bot.problem import ContentError, Problem
from bot.yamlfile import Document, read, validate

BULLETINS = "bulletins.yaml"
TIPS = "tips.yaml"
TEMPLATES = "templates"


def load_bulletins(folder: Path, channels: Mapping[str, tuple[str, ...]] | None = None) -> Bulletins:
    """Read schedule, tips and templates. Raises ContentError with every problem found, each with file and line.

    `channels`: name → slots of each channel in rooms.yaml; given, names that do not meet are mistakes.
    """
    problems: list[Problem] = []
    file = tips = None
    documents: dict[str, Document] = {}
    try:
        documents[BULLETINS] = read(folder / BULLETINS)
        file = validate(documents[BULLETINS], BulletinsFile)
    except ContentError as error:
        problems += error.problems
    try:
        documents[TIPS] = read(folder / TIPS)
        tips = validate(documents[TIPS], TipsFile)
    except ContentError as error:
        problems += error.problems
    if file is None or tips is None:
        raise ContentError(problems)
    bulletins = Bulletins(
        emergency=file.emergency,
        slots=file.slots,
        kinds=file.kinds,
        rooms=file.rooms,
        quiet_dates={one.date: one.why for one in file.quiet_dates},
        withheld=frozenset(file.withheld),
        notes=_spelt_out(file.notes, file.kinds),
        traffic=file.traffic,
        operations=_spelt_out(file.operations, file.kinds),
        sources=_sources(file),
        tips=_spelt_out(tips.tips, file.kinds),
        templates=_templates(folder / TEMPLATES, problems),
        reworded=file.reworded,
    )
    problems += _check_names(documents, file, tips, channels, folder)
    problems += _check_templates(documents[BULLETINS], bulletins, folder / TEMPLATES)
    if problems:
        raise ContentError(problems)
    return bulletins


Said = TypeVar("Said", bound=Period)


def _rooms(names: Sequence[str], kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Names of channels and kinds as names of channels."""
    found = (room for name in names for room in (kinds[name].rooms if name in kinds else (name,)))
    return tuple(dict.fromkeys(found))


def _spelt_out(said: Sequence[Said], kinds: Mapping[str, Kind]) -> tuple[Said, ...]:
    return tuple(one.model_copy(update={"rooms": _rooms(one.rooms, kinds)}) if one.rooms else one for one in said)


def _sources(file: BulletinsFile) -> Sources:
    forecast = file.sources.forecast
    if forecast is None:
        return file.sources
    places = tuple(
        place.model_copy(update={"rooms": _rooms(place.rooms, file.kinds)}) if place.rooms else place
        for place in forecast.places
    )
    return file.sources.model_copy(update={"forecast": forecast.model_copy(update={"places": places})})


def _templates(folder: Path, problems: list[Problem]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.j2")):
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(path, 0, f"cannot be read: {error}"))
    return texts


Where = tuple[str | int, ...]


def _check_names(
    documents: dict[str, Document],
    file: BulletinsFile,
    tips: TipsFile,
    channels: Mapping[str, tuple[str, ...]] | None,
    folder: Path,
) -> list[Problem]:
    document = documents[BULLETINS]
    problems: list[Problem] = []
    slots = ", ".join(file.slots)

    def unknown(source: Document, where: Where, rooms: Sequence[str], known: Collection[str]) -> list[Problem]:
        return [
            source.problem((*where, "rooms"), f"no channel '{room}' in rooms.yaml")
            for room in rooms
            if channels is not None and room not in channels and room not in known
        ]

    for name, kind in file.kinds.items():
        if channels is not None and name in channels:
            problems.append(document.problem(("kinds", name), f"'{name}' is a channel; call the kind otherwise"))
        problems += unknown(document, ("kinds", name), kind.rooms, ())
    named: list[tuple[Where, Mapping[str, Override]]] = [
        *((("rooms", room), overrides) for room, overrides in file.rooms.items()),
        *((("kinds", name, "slots"), kind.slots) for name, kind in file.kinds.items()),
    ]
    for where, overrides in named:
        if where[0] == "rooms" and channels is not None and where[1] not in channels:
            problems.append(document.problem(where, f"no channel '{where[1]}' in rooms.yaml"))
        problems += [
            document.problem((*where, slot), f"no slot '{slot}' (there are: {slots})")
            for slot in overrides
            if slot not in file.slots
        ]
    for room, heard in (channels or {}).items():
        problems += [
            Problem(folder / "rooms.yaml", 0, f"channel '{room}' wants the bulletin '{slot}', {BULLETINS} has: {slots}")
            for slot in heard
            if slot not in file.slots
        ]
    said: list[tuple[Document, Where, Period]] = [
        *((document, ("notes", index), note) for index, note in enumerate(file.notes)),
        *((document, ("operations", index), one) for index, one in enumerate(file.operations)),
        *((documents[TIPS], ("tips", index), tip) for index, tip in enumerate(tips.tips)),
    ]
    for source, place, period in said:
        problems += [
            source.problem((*place, "slots"), f"no slot '{slot}' in {BULLETINS} (there are: {slots})")
            for slot in period.slots
            if slot not in file.slots
        ]
        problems += unknown(source, place, period.rooms, file.kinds)
    for index, spot in enumerate(file.sources.forecast.places if file.sources.forecast else ()):
        problems += unknown(document, ("sources", "forecast", "places", index), spot.rooms, file.kinds)
    return problems


def _check_templates(document: Document, bulletins: Bulletins, folder: Path) -> list[Problem]:
    problems: list[Problem] = []
    named: list[tuple[tuple[str, ...], str]] = [
        (("slots", name, "template"), slot.template) for name, slot in bulletins.slots.items()
    ]
    overrides: list[tuple[tuple[str, ...], Mapping[str, Override]]] = [
        *((("rooms", room), slots) for room, slots in bulletins.rooms.items()),
        *((("kinds", name, "slots"), kind.slots) for name, kind in bulletins.kinds.items()),
    ]
    named += [
        ((*where, name, "template"), one.template)
        for where, slots in overrides
        for name, one in slots.items()
        if one.template
    ]
    named.append((("reworded",), bulletins.reworded))
    for where, name in named:
        if name not in bulletins.templates:
            problems.append(document.problem(where, f"no file '{name}' in {folder.name}/"))
    env = template.environment(bulletins.templates)
    for name in sorted({name for _, name in named} & set(bulletins.templates)):
        for values in samples(bulletins.emergency):
            try:
                text = template.render(env, name, values)
            except template.TemplateFault as fault:
                problems.append(Problem(folder / name, fault.line, str(fault)))
                break
            if bulletins.emergency not in text.splitlines()[-1]:
                message = f"the last line must hold the emergency number: {{{{ emergency }}}} ({bulletins.emergency})"
                problems.append(Problem(folder / name, len(bulletins.templates[name].splitlines()), message))
                break
    return problems
