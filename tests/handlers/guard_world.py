"""What the tests of protections, complaints and policy lists share: a channel with its power, members, acts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from handlers_world import ME, NOW, OJOL, OPERATIONS, sent
from sqlalchemy import Engine, select

from bot.store import acts, roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import acts as acts_table
from bot.store.tables import strikes

SPAMMER, NEIGHBOUR, MODERATOR = "@spam:batang.test", "@siti:batang.test", "@mod:batang.test"
DAY = 24 * 3_600_000


def furnish(
    engine: Engine, people: Iterable[str] = (SPAMMER, NEIGHBOUR, MODERATOR), *, officers: Iterable[str] = (),
    since: int = NOW - 30 * DAY, channel: str = OJOL,
) -> None:  # fmt: skip
    """The channel and the operations room as the homeserver tells them; everybody joined long ago."""
    officers = tuple(officers)
    with engine.begin() as connection:
        for room in (channel, OPERATIONS):
            state(connection, room, "m.room.create", "", {"room_version": "12"})
            users = dict.fromkeys((MODERATOR, *officers), 50)
            levels = {"users": users, "kick": 50, "ban": 50, "users_default": 0}
            state(connection, room, "m.room.power_levels", "", levels)
            state(connection, room, "m.room.join_rules", "", {"join_rule": "public"})
            join(connection, room, ME, since)
        for person in (*people, *officers):
            join(connection, channel, person, since)


def state(connection: Any, room: str, type_: str, key: str, content: dict[str, Any], sender: str = ME) -> None:
    roomstate.apply(connection, StateEvent(room, type_, key, sender, content), NOW)


def join(connection: Any, room: str, person: str, since: int) -> None:
    event = StateEvent(room, "m.room.member", person, person, {"membership": "join"}, sent_at=since)
    roomstate.apply(connection, event, max(since, NOW))


def keys(engine: Engine, *prefixes: str) -> list[str]:
    """Keys of the outbox that begin so, in order."""
    return [row["key"] for row in sent(engine) if row["key"].startswith(prefixes)]


def by_key(engine: Engine, key: str) -> dict[str, Any]:
    [row] = [row for row in sent(engine) if row["key"] == key]
    return row


def done(engine: Engine) -> list[acts.Act]:
    """All acts, in order."""
    with engine.connect() as connection:
        return [acts._act(row) for row in connection.execute(select(acts_table).order_by(acts_table.c.id))]


def struck(engine: Engine) -> list[tuple[str, str]]:
    """(who, protection) of all strikes, in order."""
    with engine.connect() as connection:
        return [(row.user_id, row.protection) for row in connection.execute(select(strikes).order_by(strikes.c.id))]


def complaint_shown(engine: Engine, number: int = 1) -> str:
    """A complaint's card as it stands: its last edit, or the card that was put up again."""
    card = re.compile(rf"complaint:{number}(:again:\d+)?(:edit:.*)?")
    rows = [row for row in sent(engine, OPERATIONS) if card.fullmatch(row["key"]) and row["action"] == "event"]
    content = rows[-1]["content"]
    return str(content.get("m.new_content", content)["body"])
