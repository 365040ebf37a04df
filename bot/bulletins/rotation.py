"""Whose turn it is in the library of tips. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from bot.bulletins.model import Bulletins, Tip


def next_tip(bulletins: Bulletins, slot: str, date: dt.date, room: str, told: Mapping[str, int] | None) -> Tip | None:
    """The fitting tip that the channel has not heard for longest; one that it never heard comes first.

    So none comes back before all that fit were told, whatever season, slot or edition of the library comes between.
    `told`: tip → when it was told last; `None` when that is not known, then the date decides.
    """
    fitting = [tip for tip in bulletins.tips if tip.holds(date, slot, room)]
    if not fitting:
        return None
    # Shuffled, each channel in its own way, and the same after a restart: neighbours in the file are much alike.
    fitting.sort(key=lambda tip: hashlib.sha256(f"{room}\0{tip.key}".encode()).digest())
    if told is None:
        slots = list(bulletins.slots)
        return fitting[(date.toordinal() * len(slots) + slots.index(slot)) % len(fitting)]
    return min(fitting, key=lambda tip: told.get(tip.key, -1))
