"""A place or power lost in a room of ours is told to the officers once."""

from __future__ import annotations

from typing import Any

import pytest
from handlers_world import ME, NOW, OJOL, OPERATIONS, Event
from sqlalchemy import Engine, select

from bot.event import Kind
from bot.handlers import footing
from bot.handlers.desk import Desk
from bot.store import inbox, rooms, roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import audit, outbox

SOMEBODY = "@komandan:batang.test"


def standing(engine: Engine, room: str, levels: Any, event_id: str = "$levels", membership: str = "join") -> None:
    """The room as the latest sync told it."""
    create = {"room_version": "10"}
    events = [
        StateEvent(room, "m.room.create", "", SOMEBODY, create),
        StateEvent(room, "m.room.power_levels", "", SOMEBODY, levels, event_id),
        StateEvent(room, "m.room.member", ME, ME, {"membership": membership}),
    ]
    with engine.begin() as connection:
        roomstate.replace(connection, room, events, NOW)


def look(engine: Engine, desk: Desk) -> int:
    with engine.begin() as connection:
        return footing.look(connection, desk, NOW)


def told(engine: Engine) -> list[tuple[str, str]]:
    with engine.begin() as connection:
        return [(row.room_id, row.content["body"]) for row in connection.execute(select(outbox))]


def test_power_taken_away_is_told_once_and_again_when_it_is_taken_again(engine: Engine, desk: Desk) -> None:
    standing(engine, OJOL, {"users": {ME: 100}})
    assert look(engine, desk) == 0
    standing(engine, OJOL, {"users": {ME: 50}}, "$less")
    assert look(engine, desk) == 0, "fifty is enough for what is asked there"
    standing(engine, OJOL, {"users": {ME: 50}, "ban": 75}, "$dearer")
    assert (look(engine, desk), look(engine, desk)) == (1, 0)
    standing(engine, OJOL, {"users": {ME: 100}}, "$back")
    assert look(engine, desk) == 0
    standing(engine, OJOL, {"users": {}}, "$gone")
    assert (look(engine, desk), look(engine, desk)) == (1, 0)
    (first, second) = told(engine)
    assert first[0] == second[0] == OPERATIONS
    assert "melarang orang masuk" in first[1]
    assert "menghapus pesan" not in first[1]
    assert all(word in second[1] for word in ("menghapus pesan", "mengeluarkan orang", "mengatur ruang"))
    with engine.begin() as connection:
        kinds = list(connection.scalars(select(audit.c.kind)))
    assert kinds == ["room.footing", "room.footing"]


@pytest.mark.parametrize("levels", [{}, {"users": []}, {"users": {ME: "ö"}, "ban": [], "kick": {}}, {"redact": 2.5}])
def test_power_levels_that_make_no_sense_are_read_as_the_specification_reads_them(
    engine: Engine, desk: Desk, levels: Any
) -> None:
    standing(engine, OJOL, levels)
    assert look(engine, desk) == 1


@pytest.mark.parametrize("membership", ["leave", "ban"])
async def test_being_put_out_is_told_with_the_one_who_did_it(
    engine: Engine, desk: Desk, event: Event, membership: str
) -> None:
    def member(body: str, sender: str) -> Any:
        content = {"membership": body}
        return event(room=OJOL, kind=Kind.MEMBER, type="m.room.member", sender=sender, state_key=ME, content=content)

    with engine.begin() as connection:
        inbox.append(connection, [member("invite", SOMEBODY)], NOW)
        roomstate.forget(connection, OJOL)
    assert look(engine, desk) == 0, "not there yet"
    with engine.begin() as connection:
        inbox.append(connection, [member(membership, SOMEBODY)], NOW)
    assert (look(engine, desk), look(engine, desk)) == (1, 0)
    ((room, body),) = told(engine)
    assert room == OPERATIONS
    assert SOMEBODY in body
    assert "Ojol Kamtibmas" in body


def test_nothing_is_known_yet_and_nothing_is_told(engine: Engine, desk: Desk) -> None:
    """Before the first sync."""
    assert look(engine, desk) == 0


def test_the_operations_room_itself_cannot_be_told_there(engine: Engine, desk: Desk) -> None:
    standing(engine, OPERATIONS, {"users": {}})
    assert look(engine, desk) == 0
    with engine.begin() as connection:
        rooms.record(connection, "ruang-ppa", "!ppa", kind="private", alias=None, now=NOW)
    assert look(engine, desk) == 0, "nobody reads there"
