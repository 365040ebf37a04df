"""What the tests of orders share: a commander, an officer, two channels with people in them, and a proven device."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from handlers_world import ME, NOW, OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Trust
from bot.handlers.desk import Desk
from bot.rooms.model import Officer
from bot.store import acts, rooms, roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import acts as acts_table
from bot.store.tables import audit, audit_payloads

ANI, BUDI = "@ani:batang.test", "@budi:batang.test"
"""A commander and an officer."""
JOKO, SITI = "@joko:batang.test", "@siti:lain.example"
"""Two members, one of another server."""
SIAGA = "!siaga"
KEYS = {ANI: "AniMasterKey", BUDI: "BudiMasterKey"}

Give = Callable[..., Awaitable[IncomingEvent]]


def giving(take: Take, event: Event) -> Give:
    """An officer's words from their proven device; in the operations room unless told otherwise."""

    async def order(body: str, sender: str = ANI, room: str = OPERATIONS, **values: object) -> IncomingEvent:
        proven = {"trust": Trust.DEVICE, "device_id": "PHONE", "master_key": KEYS.get(sender)}
        one = event(body, room=room, sender=sender, **{**proven, **values})
        await take(one)
        return one

    return order


def confirming(give: Give, engine: Engine) -> Give:
    """The same with its code."""

    async def order(body: str, sender: str = ANI, room: str = OPERATIONS, **values: object) -> IncomingEvent:
        one = await give(body, sender, room, **values)
        await give(code_in(said(engine, one)), sender, room)
        return one

    return order


def staffed(desk: Desk) -> Desk:
    """With both in the files."""
    officers = (
        Officer(person="@ani", role="komandan", power=100, rooms=("all",)),
        Officer(person="@budi", role="petugas", power=50, rooms=("all",)),
    )
    rooms_ = desk.content.rooms.model_copy(update={"officers": officers})
    return replace(desk, content=replace(desk.content, rooms=rooms_))


def levels(**more: Any) -> dict[str, Any]:
    """Power levels as `rooms apply` writes them."""
    base = {
        "users": {ANI: 100, BUDI: 50}, "users_default": 0, "events_default": 0, "state_default": 100, "kick": 50,
        "ban": 50, "redact": 50, "invite": 0, "events": {"m.room.power_levels": 100, "m.room.server_acl": 100},
    }  # fmt: skip
    return base | more


def furnish(engine: Engine, room: str = OJOL, *, members: tuple[str, ...] = (ANI, BUDI, JOKO, SITI)) -> None:
    """The room as the homeserver told it: version 12, made by the bot."""
    with engine.begin() as connection:
        if room == SIAGA:
            rooms.record(connection, "desa-siaga", SIAGA, kind="channel", alias="#desa-siaga:batang.test", now=NOW)
        tell(connection, room, "m.room.create", {"room_version": "12"})
        tell(connection, room, "m.room.power_levels", levels())
        for one in (ME, *members):
            tell(connection, room, "m.room.member", {"membership": "join"}, key=one, sender=one)


def tell(
    connection: Any, room: str, type_: str, content: dict[str, Any], *, key: str = "", sender: str = ME,
    event_id: str | None = None,
) -> None:  # fmt: skip
    """The homeserver tells of a state event."""
    roomstate.apply(connection, StateEvent(room, type_, key, sender, content, event_id), NOW)


def said(engine: Engine, event: IncomingEvent) -> str:
    """What the officer heard about an order."""
    [row] = [row for row in sent(engine) if row["key"] == f"reply:{event.event_id}"]
    return str(row["content"]["body"])


def out(engine: Engine, prefix: str = "act:") -> list[tuple[str, str, dict[str, Any]]]:
    """(action, room, content) of the rows of acts."""
    return [(row["action"], row["room_id"], row["content"]) for row in sent(engine) if row["key"].startswith(prefix)]


def all_acts(engine: Engine) -> list[acts.Act]:
    """Every act, oldest first."""
    with engine.connect() as connection:
        numbers = connection.scalars(select(acts_table.c.id).order_by(acts_table.c.id)).all()
        found = [acts.get(connection, number) for number in numbers]
    return [one for one in found if one is not None]


def payloads(engine: Engine, kind: str) -> list[dict[str, Any]]:
    """Payloads of the audit rows of a kind."""
    with engine.connect() as connection:
        joined = select(audit_payloads.c.payload).join(audit, audit.c.id == audit_payloads.c.audit_id)
        return [dict(one) for one in connection.scalars(joined.where(audit.c.kind == kind).order_by(audit.c.id))]


def code_in(text: str) -> str:
    """The code that was shown."""
    import re

    [code] = re.findall(r"Ketik (\d{6}) di sini", text)
    return str(code)
