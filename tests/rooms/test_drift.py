"""Rooms changed by hand while the bot runs: told once, put right where the file says so, and nowhere else."""

from __future__ import annotations

import pytest
from rooms_world import ME, OFFICERS, ROOMS, SERVER
from sqlalchemy import select

from bot.matrix import roomplan
from bot.matrix.drift import Content, Drift
from bot.matrix.roomplan import Files
from bot.store import rooms as store
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.store.tables import audit, outbox

INTRUDER = f"@iseng:{SERVER}"


class Watched:
    """A district whose bot looks after its rooms."""

    def __init__(self, district, database):
        self.district, self.database = district, database
        content = lambda: Content(Files(district.rooms, district.agencies), "v")  # noqa: E731
        self.drift = Drift(
            district.server, database, content, Auditor(b"k" * 32), me=ME, minutes=60, wake_sender=lambda: None
        )

    def meddle(self, room, type_, content):
        self.district.server.put(self.district.recorded[room], type_, "", content, INTRUDER)

    def content(self, room, type_):
        return self.district.server.content(self.district.recorded[room], type_)

    def said(self):
        with self.database.engine.connect() as connection:
            return [row.content["body"] for row in connection.execute(select(outbox).order_by(outbox.c.id))]

    def audited(self):
        with self.database.engine.connect() as connection:
            return list(connection.scalars(select(audit.c.subject).where(audit.c.kind == "rooms.repaired")))


@pytest.fixture
async def watched(district, tmp_path, empty_database, monkeypatch):
    district.write(ROOMS + "repair: [topic, power_levels]\n", OFFICERS)
    await district.apply()
    database = Database(empty_database(tmp_path / "kentongan.db"))
    with database.engine.begin() as connection:
        for name, room_id in district.recorded.items():
            kind = district.rooms.by_name(name).kind
            store.record(connection, name, room_id, kind=kind, alias=None, now=1)

    async def upload(api, data, mimetype, *, filename=""):
        return await api.upload(data, mimetype, filename)

    monkeypatch.setattr(roomplan.media, "upload", upload)
    yield Watched(district, database)
    database.close()


async def test_while_all_is_as_written_nothing_is_said(watched):
    await watched.drift.round()
    assert watched.said() == []


async def test_what_may_be_repaired_is_and_the_officers_hear_who_changed_what(watched):
    watched.meddle("ojol", "m.room.topic", {"topic": "Jual pulsa"})
    watched.meddle("ojol", "m.room.power_levels", {"users": {INTRUDER: 100}})
    await watched.drift.round()
    assert watched.content("ojol", "m.room.topic")["topic"] == "Jalan raya"
    assert INTRUDER not in watched.content("ojol", "m.room.power_levels")["users"]
    [card] = watched.said()
    assert "sudah dikembalikan" in card
    assert f"keterangan (diubah {INTRUDER})" in card
    assert "Jual pulsa" in card
    assert "rooms plan" not in card, "nothing is left to do"
    assert watched.audited() == [watched.district.recorded["ojol"]] * 2
    await watched.drift.round()
    assert len(watched.said()) == 1


async def test_what_may_not_be_repaired_is_told_once_and_again_when_it_is_gone(watched):
    watched.meddle("ojol", "m.room.name", {"name": "Warung"})
    for _ in range(3):
        await watched.drift.round()
    [card] = watched.said()
    assert "Warung → Ojol" in card
    assert "kentongan rooms apply" in card
    assert watched.content("ojol", "m.room.name")["name"] == "Warung"
    assert watched.audited() == []

    await watched.district.apply()
    for _ in range(2):
        await watched.drift.round()
    assert [text[:1] for text in watched.said()] == ["⚠", "✅"]

    watched.meddle("ojol", "m.room.name", {"name": "Warung"})
    await watched.drift.round()
    assert len(watched.said()) == 3, "the same again is told again once it was gone"


async def test_the_same_meddling_is_repaired_and_told_each_time(watched):
    for _ in range(2):
        watched.meddle("ojol", "m.room.topic", {"topic": "Jual pulsa"})
        await watched.drift.round()
    assert len(watched.said()) == 2
    assert watched.content("ojol", "m.room.topic")["topic"] == "Jalan raya"


async def test_nobody_is_removed_and_no_server_shut_out_by_the_machine(watched):
    everything = "repair: [acl, power_levels, name, topic, avatar, join_rules, space]\n"
    watched.district.write(ROOMS + everything, OFFICERS)
    room = watched.district.recorded["ruang-kendali"]
    watched.district.server.put(room, "m.room.member", INTRUDER, {"membership": "join"}, INTRUDER)
    watched.meddle("ojol", "m.room.server_acl", {"allow": [SERVER, "lama.test"], "allow_ip_literals": False})
    guest = "@tamu:lama.test"
    ojol = watched.district.recorded["ojol"]
    watched.district.server.put(ojol, "m.room.member", guest, {"membership": "join"}, guest)
    await watched.drift.round()
    assert watched.district.server.kicked == []
    assert "lama.test" in watched.content("ojol", "m.room.server_acl")["allow"]
    [card] = watched.said()
    assert guest in card
    assert INTRUDER in card


async def test_a_card_is_safe_to_read(watched):
    watched.meddle("ojol", "m.room.name", {"name": "[klik](https://jahat.test) " + "x" * 5000})
    await watched.drift.round()
    [card] = watched.said()
    assert len(card) < 1000
    with watched.database.engine.connect() as connection:
        [html] = [row.content["formatted_body"] for row in connection.execute(select(outbox))]
    assert "<a " not in html


async def test_a_room_that_is_gone_is_told(watched):
    watched.district.server.put(watched.district.recorded["ojol"], "m.room.member", ME, {"membership": "leave"})
    await watched.drift.round()
    assert "Ojol" in watched.said()[0]


async def test_content_of_any_shape_is_told(watched):
    for shape in ({}, {"topic": None}, {"topic": ["x"]}, {"topic": {"a": 1}}):
        watched.meddle("ojol", "m.room.topic", shape)
        await watched.drift.round()
        assert watched.content("ojol", "m.room.topic")["topic"] == "Jalan raya"
