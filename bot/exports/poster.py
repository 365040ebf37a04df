"""A channel's poster for paper: Typst sets it, offline, with the fonts it brings along."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Literal

import typst

from bot.exports import joinwords as words
from bot.exports.doors import Door, House, qr
from bot.exports.report import printable

TEMPLATE = "poster.typ"
PPI = 150.0
"""Of the picture: A4 in 1240 × 1754 pixels."""


def write_pdf(door: Door, house: House) -> bytes:
    """One A4 page."""
    return typeset(TEMPLATE, content(door, house), "pdf")


def write_png(door: Door, house: House) -> bytes:
    """The same as a picture, to be passed on from phone to phone."""
    return typeset(TEMPLATE, content(door, house), "png")


def content(door: Door, house: House) -> dict[str, Any]:
    """What the template sets: values only, no markup."""
    return {
        "title": printable(door.title),
        "topic": printable(door.topic),
        "controller": printable(house.controller),
        "kicker": words.KICKER,
        "alias": door.alias,
        "link": door.link,
        "qr": list(qr(door.link)),
        "steps": [list(step) for step in steps(door, house)],
        "emergency": words.EMERGENCY,
        "number": words.EMERGENCY_NUMBER,
        "more": words.EMERGENCY_MORE,
        "small": words.NO_REPORT,
    }


def steps(door: Door, house: House) -> tuple[tuple[str, ...], ...]:
    """What to do, how, and a word of its own line, in order."""
    scan = words.SCAN_THROUGH if door.through else words.SCAN_KNOCK if door.knock else words.SCAN
    values = {"server": house.server, "through": printable(door.through or ""), "title": printable(door.title)}
    return tuple(tuple(part.format(**values) for part in step) for step in (words.INSTALL, scan, words.SPEAK))


def typeset(template: str, data: dict[str, Any], form: Literal["pdf", "png"]) -> bytes:
    """A template of this package with its data; the same data always give the same file."""
    source = files("bot.exports").joinpath(template).read_bytes()
    inputs = {"data": json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()}
    made: bytes | list[bytes] = typst.compile(
        source, format=form, ppi=PPI, ignore_system_fonts=True, sys_inputs=inputs, timestamp=0
    )
    return made[0] if isinstance(made, list) else made
