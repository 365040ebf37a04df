"""rooms/bulletins.yaml, rooms/tips.yaml and rooms/templates/ as one checked value.

Every template is rendered with full, empty and absent facts while loading: a misspelt name is found by
`kentongan check`, not at seven in the morning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.bulletins import template
from bot.bulletins.model import Bulletins, BulletinsFile, Period, TipsFile
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
        rooms=file.rooms,
        quiet_dates={one.date: one.why for one in file.quiet_dates},
        withheld=frozenset(file.withheld),
        notes=file.notes,
        tips=tips.tips,
        templates=_templates(folder / TEMPLATES, problems),
    )
    problems += _check_names(documents, file, tips, channels, folder)
    problems += _check_templates(documents[BULLETINS], bulletins, folder / TEMPLATES)
    if problems:
        raise ContentError(problems)
    return bulletins


def _templates(folder: Path, problems: list[Problem]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.j2")):
        try:
            texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(path, 0, f"cannot be read: {error}"))
    return texts


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
    for room, overrides in file.rooms.items():
        if channels is not None and room not in channels:
            problems.append(document.problem(("rooms", room), f"no channel '{room}' in rooms.yaml"))
        problems += [
            document.problem(("rooms", room, slot), f"no slot '{slot}' (there are: {slots})")
            for slot in overrides
            if slot not in file.slots
        ]
    for room, heard in (channels or {}).items():
        problems += [
            Problem(folder / "rooms.yaml", 0, f"channel '{room}' wants the bulletin '{slot}', {BULLETINS} has: {slots}")
            for slot in heard
            if slot not in file.slots
        ]
    said: list[tuple[Document, tuple[str, int], Period]] = [
        *((document, ("notes", index), note) for index, note in enumerate(file.notes)),
        *((documents[TIPS], ("tips", index), tip) for index, tip in enumerate(tips.tips)),
    ]
    for source, where, period in said:
        problems += [
            source.problem((*where, "slots"), f"no slot '{slot}' in {BULLETINS} (there are: {slots})")
            for slot in period.slots
            if slot not in file.slots
        ]
        problems += [
            source.problem((*where, "rooms"), f"no channel '{room}' in rooms.yaml")
            for room in period.rooms
            if channels is not None and room not in channels
        ]
    return problems


def _check_templates(document: Document, bulletins: Bulletins, folder: Path) -> list[Problem]:
    problems: list[Problem] = []
    named: list[tuple[tuple[str, ...], str]] = [
        (("slots", name, "template"), slot.template) for name, slot in bulletins.slots.items()
    ]
    named += [
        (("rooms", room, name, "template"), one.template)
        for room, slots in bulletins.rooms.items()
        for name, one in slots.items()
        if one.template
    ]
    for where, name in named:
        if name not in bulletins.templates:
            problems.append(document.problem(where, f"no file '{name}' in {folder.name}/"))
    env = template.environment(bulletins.templates)
    for name in sorted({name for _, name in named} & set(bulletins.templates)):
        for values in _samples(bulletins.emergency):
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


def _samples(emergency: str) -> list[dict[str, Any]]:
    """Full, quiet and absent facts: between them every branch of a sensible template is taken."""
    common = {
        "slot": "pagi",
        "title": "Buletin",
        "room": "Kanal",
        "date": "Minggu, 1 Maret 2026",
        "time": "07.00",
        "emergency": emergency,
    }
    full = {
        "since": "pukul 20.00 kemarin",
        "received": 3,
        "verified": 2,
        "categories": [{"name": "kategori", "number": 2}],
        "districts": [{"name": "kecamatan", "number": 2}],
    }
    quiet = {"since": "pukul 07.00", "received": 0, "verified": 0, "categories": [], "districts": []}
    waiting = quiet | {"received": 2}
    tip = {"text": "tips", "source": "sumber", "checked": dt.date(2026, 1, 1)}
    return [
        common | {"late": "12 menit", "incidents": full, "notes": ["catatan"], "tip": tip},
        common | {"late": "", "incidents": waiting, "notes": [], "tip": tip},
        common | {"late": "", "incidents": quiet, "notes": [], "tip": None},
        common | {"late": "", "incidents": None, "notes": [], "tip": None},
    ]
