"""Registration codes on paper: cards to be cut out, eight on a page. Each is a key: keep the file like one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from bot.exports import joinwords as words
from bot.exports.doors import House, qr
from bot.exports.poster import typeset
from bot.exports.report import day, printable

TEMPLATE = "cards.typ"
MAX_CARDS = 400
"""Fifty pages."""


def write_pdf(codes: Sequence[str], house: House, *, uses: int | None, until: date | None) -> bytes:
    """One card for each code. Raises ValueError above MAX_CARDS."""
    if len(codes) > MAX_CARDS:
        raise ValueError(f"{len(codes)} kode; paling banyak {MAX_CARDS} kartu dalam satu berkas")
    return typeset(TEMPLATE, content(codes, house, uses=uses, until=until), "pdf")


def content(codes: Sequence[str], house: House, *, uses: int | None, until: date | None) -> dict[str, Any]:
    """What the template sets. The QR code leads to where accounts are made; the secret never goes into an address."""
    terms = words.CARD_ENDLESS if uses is None else words.CARD_USES.format(uses=uses)
    if until is not None:
        terms += f", {words.CARD_UNTIL.format(day=day(until))}"
    where = house.register or ""
    shown = where.removeprefix("https://").removesuffix("/")
    return {
        "title": words.CARD_TITLE,
        "controller": printable(house.controller),
        "steps": [
            step.format(register=shown, server=house.server)
            for step in words.CARD_STEPS
            if where or step != words.CARD_OPEN
        ],
        "terms": f"{terms}.",
        "secret": words.CARD_CAUTION,
        "cards": [
            {"code": code, "link": where or house.server, "qr": list(qr(where or house.server))} for code in codes
        ],
    }
