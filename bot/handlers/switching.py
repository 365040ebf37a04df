"""Protections by an officer's word: which hold where, and one of them switched on or off for a while.

An officer's word stands beside the files until its time is over; one that says what the files say is not kept, so that
the files count again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.handlers import guardwords, sites
from bot.handlers.desk import Desk
from bot.handlers.replying import Deed
from bot.handlers.sites import Site
from bot.moderation import protectionwords as said
from bot.moderation import words
from bot.moderation.protectionfile import NAMES, Name
from bot.moderation.verbs import Verb
from bot.store import guard, rooms

if TYPE_CHECKING:
    from bot.handlers.acting import Doing


def overview(connection: Connection, desk: Desk, channels: Sequence[str], now: int) -> str:
    """Each channel's protections: what is on, by the files or by whom until when."""
    made = rooms.named(connection)
    parts = [
        _of_channel(connection, desk, room.name, room.title, made[room.name].room_id, now)
        for room in desk.content.rooms.channels
        if room.name in made and (not channels or room.name in channels)
    ]
    return "\n\n".join(parts) or words.NO_CHANNELS


def switch(doing: Doing, site: Site, target: str) -> Deed:
    """Do it in one channel."""
    if (line := standing(doing, site, target)) is not None:
        return Deed(line, done=False)
    name, wanted = _name(target), doing.errand.verb is Verb.PROTECT_ON
    as_written = wanted == _written(doing.desk, site, name)
    if as_written:
        guard.unswitch(doing.connection, site.room_id, name)
    else:
        guard.switch(
            doing.connection, site.room_id, name, on=wanted, by=doing.officer, now=doing.now, until=doing.until
        )
    doing.record("protection.switched", site, name, None, int(wanted))
    why = words.WHY.format(reason=sites.literal(doing.errand.reason.rstrip(" ."))) if doing.errand.reason else ""
    text = said.AS_WRITTEN if as_written else said.SWITCHED
    return Deed(_filled(text, doing, site, target, why=why))


def foretold(doing: Doing, site: Site, target: str) -> str:
    """What it would do in one channel."""
    return standing(doing, site, target) or _filled(said.WOULD, doing, site, target)


def standing(doing: Doing, site: Site, target: str) -> str | None:
    """Why there is nothing to switch; `None` when there is."""
    name, wanted = _name(target), doing.errand.verb is Verb.PROTECT_ON
    written = _written(doing.desk, site, name)
    if written is None:
        return said.UNWATCHED.format(room=f"**{site.room.title}**")
    one = guard.switches(doing.connection, site.room_id, doing.now).get(name)
    if one is None and written == wanted:
        return _filled(said.STANDS, doing, site, target, until="", by=said.BY_THE_FILE)
    if one is None or one.on != wanted or one.until_at != doing.until:
        return None
    by = said.BY.format(by=sites.person(doing.desk, one.by))
    return _filled(said.STANDS, doing, site, target, until=f" {_until(doing.desk, one.until_at, doing.now)}", by=by)


def _of_channel(connection: Connection, desk: Desk, name: str, title: str, room_id: str, now: int) -> str:
    watches = desk.content.protections.of(name)
    if watches is None:
        return said.UNWATCHED.format(room=f"**{title}**")
    switched = guard.switches(connection, room_id, now)
    lines = [said.LIST.format(room=title)]
    for on in (True, False):
        there = [said.SPOKEN[one][0] for one in NAMES if one not in switched and watches.on(one) is on]
        if there:
            lines.append(said.BY_FILE.format(names=", ".join(there), state=_state(on=on)))
    lines += [
        said.BY_OFFICER.format(
            name=said.SPOKEN[one][0], what=guardwords.NAMES[one], state=_state(on=switched[one].on),
            until=_until(desk, switched[one].until_at, now), by=sites.person(desk, switched[one].by),
        )
        for one in NAMES
        if one in switched
    ]  # fmt: skip
    return "\n".join(lines)


def _filled(text: str, doing: Doing, site: Site, target: str, **more: str) -> str:
    name = _name(target)
    values = {"until": _until(doing.desk, doing.until, doing.now), **more}
    return text.format(
        room=f"**{site.room.title}**", name=said.SPOKEN[name][0], what=guardwords.NAMES[name],
        state=_state(on=doing.errand.verb is Verb.PROTECT_ON), **values,
    )  # fmt: skip


def _written(desk: Desk, site: Site, name: Name) -> bool | None:
    watches = desk.content.protections.of(site.room.name)
    return watches.on(name) if watches is not None else None


def _name(target: str) -> Name:
    return next(one for one in NAMES if one == target)


def _state(*, on: bool) -> str:
    return said.ON if on else said.OFF


def _until(desk: Desk, at: int | None, now: int) -> str:
    return said.UNTIL_SWITCHED if at is None else sites.until(desk, at, now)
