"""A channel's guide is sent once for each wording and pinned; what officers pinned themselves stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handlers_world import ME, NOW, OJOL
from sqlalchemy import select

from bot.handlers import guides
from bot.outgoing import Action
from bot.store import outbox, roomstate
from bot.store.roomstate import StateEvent
from bot.store.tables import outbox as rows

GUIDE = "**Panduan.** Tekan mikrofon, laporkan."


def guided(desk, text):
    rooms = desk.content.rooms
    channels = tuple(one.model_copy(update={"guide": text if one.name == "ojol" else ""}) for one in rooms.channels)
    content = replace(desk.content, rooms=rooms.model_copy(update={"channels": channels}))
    return replace(desk, content=content)


@pytest.fixture
def here(database):
    with database.engine.begin() as connection:
        state(connection, "m.room.create", {"room_version": "12"})
        yield connection


def state(connection, type_, content):
    roomstate.apply(connection, StateEvent(OJOL, type_, "", ME, content), NOW)


def queued(connection):
    return connection.execute(select(rows).where(rows.c.state == "queued").order_by(rows.c.id)).all()


def deliver(connection, event_id="$guide"):
    """What the sender does, and the sync that brings the pin back."""
    for row in queued(connection):
        if row.action == Action.STATE:
            state(connection, row.type, row.content["merge"])
        outbox.sent(connection, row.txn_id, event_id, NOW)


def test_a_guide_is_sent_and_then_pinned_once(desk, here):
    desk = guided(desk, GUIDE)
    assert guides.pin(here, desk, NOW) == 1
    assert guides.pin(here, desk, NOW) == 0, "nothing to pin until it is sent"
    [row] = queued(here)
    assert (row.room_id, row.action, row.content["msgtype"]) == (OJOL, Action.EVENT, "m.notice")
    deliver(here)
    assert guides.pin(here, desk, NOW) == 1
    [row] = queued(here)
    assert (row.action, row.type, row.content["merge"]) == (Action.STATE, guides.PINNED, {"pinned": ["$guide"]})
    deliver(here)
    for _ in range(3):
        assert guides.pin(here, desk, NOW) == 0
    assert queued(here) == []


def test_a_new_wording_takes_the_place_of_the_old_and_leaves_what_officers_pinned(desk, here):
    first, second = guided(desk, GUIDE), guided(desk, GUIDE + " Darurat 110.")
    settle(here, first, "$one")
    state(here, guides.PINNED, {"pinned": ["$officers", "$one"]})
    settle(here, second, "$two")
    assert roomstate.found(here, OJOL).content(guides.PINNED) == {"pinned": ["$two", "$officers"]}


def test_a_pin_that_an_officer_took_away_stays_away(desk, here):
    desk = guided(desk, GUIDE)
    settle(here, desk, "$one")
    state(here, guides.PINNED, {"pinned": []})
    assert guides.pin(here, desk, NOW) == 0


def test_a_guide_that_is_no_more_is_taken_down(desk, here):
    settle(here, guided(desk, GUIDE), "$one")
    settle(here, guided(desk, ""), "$none")
    assert roomstate.found(here, OJOL).content(guides.PINNED) == {"pinned": []}


def test_a_channel_we_are_not_in_is_told_nothing(desk, database):
    with database.engine.begin() as connection:
        assert guides.pin(connection, guided(desk, GUIDE), NOW) == 0


def settle(connection, desk, event_id):
    while guides.pin(connection, desk, NOW):
        deliver(connection, event_id)
