"""`!buletin pagi ikut` in a DM: a private copy of a bulletin, for as long as its person wants it and is there."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from sqlalchemy import Connection

from bot.bulletins import deskwords
from bot.bulletins.fields import DAYS
from bot.bulletins.orders import Order, Unsure, Verb, asked, read
from bot.event import IncomingEvent
from bot.handlers import bulletinboard, patience, previewing
from bot.handlers.desk import Desk
from bot.markup import escape
from bot.store import blocks, subscriptions


def ordered(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """`!buletin …` outside the operations room; in a channel people are shown the way to the DM."""
    key, files = f"reply:{event.event_id}", desk.content.bulletins
    if patience.pauses_for(connection, event, desk, now, thread=not event.direct):
        return
    if not event.direct:
        link = f"https://matrix.to/#/{quote(desk.me, safe='@:')}"
        desk.say(connection, event, key, deskwords.IN_DM.format(link=link), now, notice=True, thread=True)
        return
    order = read(
        asked(event.body) or "", previewing.local(desk, now).date(),
        slots={name: slot.title for name, slot in files.slots.items()}, rooms={},
    )  # fmt: skip
    desk.say(connection, event, key, _answer(connection, event, desk, order, now), now)


def _answer(connection: Connection, event: IncomingEvent, desk: Desk, order: Order | Unsure | None, now: int) -> str:
    first = next(iter(desk.content.bulletins.slots))
    if isinstance(order, Unsure):
        return f"{bulletinboard.unsure(order)}\n\n{deskwords.CITIZEN_HELP.format(slot=first)}"
    match order.verb if order else Verb.SCHEDULE:
        case Verb.JOIN if order:
            return _join(connection, event, desk, order.slots, now)
        case Verb.LEAVE if order:
            return _leave(connection, event, desk, order.slots, now)
        case Verb.ADD | Verb.LIST | Verb.REMOVE:
            return f"{deskwords.ONLY_OFFICERS_ADD} {deskwords.CITIZEN_HELP.format(slot=first)}"
        case _:
            return _schedule(connection, event, desk, now)


def _join(connection: Connection, event: IncomingEvent, desk: Desk, slots: tuple[str, ...], now: int) -> str:
    if blocks.active(connection, event.sender, now) is not None:
        return deskwords.ENDED_BLOCKED
    wanted = slots or tuple(desk.content.bulletins.slots)
    new = [slot for slot in wanted if subscriptions.add(connection, event.sender, slot, event.room_id, now)]
    if new:
        desk.record(connection, "bulletin.subscribed", event.event_id, {"slots": new}, now)
    words = deskwords.JOINED if new else deskwords.JOINED_ALREADY
    return words.format(titles=_titles(desk, wanted), times=_times(desk, wanted), stop=_named(slots))


def _leave(connection: Connection, event: IncomingEvent, desk: Desk, slots: tuple[str, ...], now: int) -> str:
    wanted = slots or tuple(desk.content.bulletins.slots)
    had = subscriptions.remove(connection, event.sender, wanted)
    if had:
        desk.record(connection, "bulletin.unsubscribed", event.event_id, {"slots": had, "why": "asked"}, now)
    words = deskwords.LEFT if had else deskwords.LEFT_ALREADY
    return words.format(titles=_titles(desk, had or wanted), stop=_named(slots))


def _schedule(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> str:
    files, mine = desk.content.bulletins, set(subscriptions.of(connection, event.sender))
    lines = [
        deskwords.SCHEDULE_LINE.format(
            title=escape(slot.title),
            days=_days(slot.days),
            time=f"{slot.time:%H.%M}",
            state=bulletinboard.state(connection, desk, name, now, inside=False),
            mine=deskwords.MINE if name in mine else "",
        )
        for name, slot in files.slots.items()
    ]
    rooms = [room.title for room in desk.content.rooms.channels if room.bulletins]
    return deskwords.SCHEDULE.format(
        slots="\n".join(lines),
        rooms=escape(", ".join(rooms)),
        how=deskwords.SCHEDULE_HOW.format(slot=next(iter(files.slots))),
    )


def _titles(desk: Desk, slots: Iterable[str]) -> str:
    return escape(", ".join(desk.content.bulletins.slots[name].title for name in slots))


def _times(desk: Desk, slots: Iterable[str]) -> str:
    return ", ".join(f"{desk.content.bulletins.slots[name].time:%H.%M}" for name in slots)


def _days(days: tuple[int, ...]) -> str:
    if len(set(days)) == len(DAYS):
        return deskwords.EVERY_DAY
    return ", ".join(DAYS[number].capitalize() for number in sorted(set(days)))


def _named(slots: tuple[str, ...]) -> str:
    """The slots as they are written in an order; none for all of them."""
    return " ".join(slots) or "semua"
