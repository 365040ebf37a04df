"""Warnings in between: said once in every room, what changes them refers to them, what is doubtful waits."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, insert, select, update

from bot.bulletins.origins import CapSource
from bot.handlers import warning, warningwords
from bot.handlers.desk import Desk
from bot.outgoing import Priority
from bot.rooms.model import Officer
from bot.store import outbox, rooms
from bot.store.tables import feeds
from bot.store.tables import rooms as known_rooms
from bot.store.tables import warnings as table

NELAYAN = "!nelayan"
LIST = '<rss version="2.0"><channel><title>made up</title></channel></rss>'
MINUTE = 60_000
SHAPE = "-6.9,109.6 -6.9,110.1 -7.2,110.1 -7.2,109.6 -6.9,109.6"
OURS = "Hujan lebat di Kab. Kendal: Sukorejo; Kab. Batang: Blado, Reban; dan meluas ke Kab. Pekalongan: Doro."
THEIRS = "Hujan lebat di Kab. Kendal: Sukorejo; dan meluas ke Kab. Pekalongan: Doro."


def clock(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1000, dt.timezone(dt.timedelta(hours=7))).isoformat(timespec="seconds")


def alert(
    identifier: str = "A1", *, kind: str = "Alert", status: str = "Actual", text: str = OURS, scope: str = "Public",
    references: tuple[str, ...] = (), sent_at: int = NOW - 5 * MINUTE, expires: int | None = NOW + 120 * MINUTE,
    headline: str = "Hujan Lebat disertai Petir di Jawa Tengah", extra: str = "", area: str = "",
) -> str:  # fmt: skip
    named = " ".join(f"a@b.test,{one},{clock(sent_at)}" for one in references)
    info = "" if kind == "Cancel" else (
        "<info><language>id</language><category>Met</category><event>Hujan</event><urgency>Immediate</urgency>"
        "<severity>Moderate</severity><certainty>Observed</certainty>"
        + (f"<expires>{clock(expires)}</expires>" if expires else "")
        + f"<senderName>BMKG</senderName><headline>{headline}</headline><description>{text}</description>{extra}"
        f"<area><areaDesc>Jawa Tengah</areaDesc>{area}</area></info>"
    )  # fmt: skip
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>'
        f"<sender>a@b.test</sender><sent>{clock(sent_at)}</sent><status>{status}</status><msgType>{kind}</msgType>"
        f"<scope>{scope}</scope>" + (f"<references>{named}</references>" if named else "") + info + "</alert>"
    )


def quake(magnitude: str = "4.6", felt: str = "III Batang, II Kendal", at: int = NOW - 10 * MINUTE, **more: str) -> str:
    entry = {"DateTime": clock(at), "Magnitude": magnitude, "Kedalaman": "12 km", "Dirasakan": felt}
    entry |= {"Wilayah": "Pusat gempa berada di laut 28 km timur laut Batang", **more}
    return json.dumps({"Infogempa": {"gempa": [entry]}})


class Sources:
    """What the sources say, and the duty that looks at it."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine, self.desk = engine, desk
        self._number = 0

    def say(self, raw: str, name: str | None = None) -> None:
        self._number += 1
        name = name or f"nowcast:{self._number}"
        with self.engine.begin() as connection:
            for one, text in {"nowcast": LIST, name: raw}.items():
                values = {"url": "https://x.test", "raw": text.encode(), "fetched_at": NOW, "tried_at": NOW}
                connection.execute(feeds.delete().where(feeds.c.name == one))
                connection.execute(insert(feeds).values(name=one, **values))

    def look(self, now: int = NOW) -> int:
        with self.engine.begin() as connection:
            return warning.look(connection, self.desk, now)

    def rows(self) -> list[Any]:
        with self.engine.begin() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))

    def deliver(self, room: str | None = None) -> None:
        """The sender gets everything through."""
        for row in sent(self.engine, room):
            with self.engine.begin() as connection:
                outbox.sent(connection, row["txn_id"], f"${row['key']}", NOW)


@pytest.fixture
def sources(engine: Engine, desk: Desk) -> Sources:
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", NELAYAN, kind="channel", alias=None, now=NOW)
    officers = (Officer(person="@ani:batang.test", role="petugas", power=50, rooms=("all",)),)
    changed = desk.content.rooms.model_copy(update={"officers": officers})
    object.__setattr__(desk, "content", replace(desk.content, rooms=changed))
    return Sources(engine, desk)


def bodies(engine: Engine, room: str) -> list[str]:
    return [str(row["content"]["body"]) for row in sent(engine, room) if row["key"].startswith("warning:")]


def test_a_warning_for_us_is_said_once_in_every_channel_and_before_the_officers(
    sources: Sources, engine: Engine
) -> None:
    sources.say(alert())
    for minute in range(3):
        sources.look(NOW + minute * MINUTE)
    for room in (OJOL, NELAYAN, OPERATIONS):
        [body] = bodies(engine, room)
        assert "BMKG" in body
        assert "Kecamatan Blado, Reban" in body
        assert "110" in body
    [row] = [row for row in sent(engine, OJOL)]
    assert (row["key"], row["priority"]) == ("warning:1:!ojol", Priority.WARNING)
    assert row["content"]["m.mentions"] == {}
    assert "2 kanal" in bodies(engine, OPERATIONS)[0]
    assert "warning.say" in audited(engine)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(alert(text=THEIRS), id="about others"),
        pytest.param(alert(text="Hujan di Kab. Batang Hari: Bajubang"), id="a longer name"),
        pytest.param(alert(expires=NOW - 1), id="expired"),
        pytest.param(alert(sent_at=NOW - 181 * MINUTE, expires=NOW + MINUTE), id="older than its bound"),
        pytest.param(alert(sent_at=NOW - 181 * MINUTE, expires=None), id="old and without an end"),
        pytest.param(alert(kind="Cancel", references=("unheard",)), id="a cancel of something nobody heard"),
        pytest.param("<alert>", id="not XML"),
    ],
)
def test_what_does_not_concern_people_now_is_not_said(sources: Sources, engine: Engine, raw: str) -> None:
    sources.say(raw)
    sources.look()
    assert sent(engine) == []


def test_a_repeated_message_under_another_identifier_says_nothing_twice(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.say(alert("A2", sent_at=NOW))
    sources.look()
    sources.say(alert("A3", kind="Update", references=("A1",), sent_at=NOW))
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    assert [row.why for row in sources.rows()] == [None, "repeated", "repeated"]
    sources.say(alert("A4", kind="Update", references=("A3",), text=OURS.replace("Reban", "Bawang"), sent_at=NOW))
    sources.look()
    assert "Bawang" in bodies(engine, OJOL)[1], "an update of a repetition is one of what was said"
    assert sources.rows()[-1].first_id == 1


def test_an_update_answers_the_first_in_each_room_and_marks_it(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver()
    sources.say(alert("A2", kind="Update", references=("A1",), expires=NOW + 200 * MINUTE, sent_at=NOW))
    sources.look(NOW + MINUTE)
    sources.say(alert("A3", kind="Update", references=("A2",), expires=NOW + 250 * MINUTE, sent_at=NOW))
    sources.look(NOW + 2 * MINUTE)
    for room in (OJOL, NELAYAN, OPERATIONS):
        rows = {row["key"]: row["content"] for row in sent(engine, room)}
        for number in (2, 3):
            content = rows[f"warning:{number}:{room}"]
            assert content["m.relates_to"]["m.in_reply_to"]["event_id"] == f"outbox:warning:1:{room}"
            assert "Pembaruan" in content["body"]
        edit = rows[f"warning-edit:2:1:{room}"]
        assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": f"outbox:warning:1:{room}"}
        assert "lebih baru" in edit["m.new_content"]["body"]
    assert [row.state for row in sources.rows()] == ["over", "over", "sent"]


def test_a_cancel_takes_it_back_everywhere_and_only_once(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver()
    for number in (1, 2):
        sources.say(alert(f"C{number}", kind="Cancel", references=("A1",), sent_at=NOW))
        sources.look()
    for room in (OJOL, NELAYAN):
        body = bodies(engine, room)[-1]
        assert "dicabut" in body
        assert "Hujan Lebat" in body, "whoever missed the first knows what is meant"
        assert len(bodies(engine, room)) == 2
    assert {row.state for row in sources.rows()} == {"over"}


def test_an_update_that_leaves_us_out_is_the_end_of_it_for_us(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver()
    sources.say(alert("A2", kind="Update", references=("A1",), text=THEIRS, sent_at=NOW))
    sources.look()
    assert "daerah lain" in bodies(engine, OJOL)[-1]


def test_after_an_outage_only_the_newest_of_a_chain_is_said(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.say(alert("A2", kind="Update", references=("A1",), text=OURS.replace("Reban", "Tersono"), sent_at=NOW))
    sources.look()
    [body] = bodies(engine, OJOL)
    assert "Tersono" in body
    assert "Pembaruan" not in body


def test_what_waits_for_a_slow_homeserver_is_replaced_rather_than_sent_out_of_date(
    sources: Sources, engine: Engine
) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver(OJOL)
    sources.say(alert("A2", kind="Update", references=("A1",), text=OURS.replace("Reban", "Tersono"), sent_at=NOW))
    sources.look()
    states = {row["key"]: row["state"] for row in sent(engine)}
    assert states["warning:1:!nelayan"] == "cancelled"
    assert states["warning:2:!nelayan"] == "queued"


def test_an_expired_warning_is_not_sent_after_an_outage(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver(OJOL)
    sources.look(NOW + 121 * MINUTE)
    states = {row["key"]: row["state"] for row in sent(engine)}
    assert states == {"warning:1:!ojol": "sent", "warning:1:!nelayan": "cancelled", "warning:1:!kendali": "cancelled"}


def test_a_source_that_falls_silent_says_nothing_new(sources: Sources, engine: Engine) -> None:
    sources.say(alert(), "nowcast:x")
    sources.look()
    with engine.begin() as connection:
        connection.execute(update(feeds).values(error="menjawab 503"))
    sources.look(NOW + MINUTE)
    assert len(bodies(engine, OJOL)) == 1


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_a_sources_drill_is_shown_to_officers_only_and_cannot_be_sent_on(
    sources: Sources, engine: Engine, status: str
) -> None:
    sources.say(alert(status=status))
    sources.look()
    [row] = sent(engine)
    assert row["room_id"] == OPERATIONS
    assert "tidak disiarkan" in row["content"]["body"].replace("**", "")


def test_what_is_not_for_the_public_stays_with_the_officers(sources: Sources, engine: Engine) -> None:
    offer(sources.desk)
    sources.say(alert(scope="Restricted"), "cap:bpbd")
    sources.look()
    assert {row["room_id"] for row in sent(engine)} == {OPERATIONS}
    assert [row.state for row in sources.rows()] == ["over"]


def offer(desk: Desk, **more: Any) -> None:
    """An agency offers its alerts."""
    agency = CapSource(name="bpbd", url="https://bpbd.test/cap", who="BPBD Batang", **more)
    said = desk.content.bulletins.sources.model_copy(update={"cap": (agency,)})
    bulletins = desk.content.bulletins.model_copy(update={"sources": said})
    object.__setattr__(desk, "content", replace(desk.content, bulletins=bulletins))


def test_an_agency_of_ours_need_not_name_the_regency_and_is_named_as_the_files_say(
    sources: Sources, engine: Engine
) -> None:
    sources.say(alert(text="Jalan licin di mana-mana."), "cap:bpbd")
    sources.look()
    offer(sources.desk)
    sources.look()
    assert sent(engine) == [], "nobody said that the agency is ours"
    offer(sources.desk, ours=True)
    sources.look()
    assert "Sumber: BPBD Batang" in bodies(engine, OJOL)[0]


def test_messages_of_an_agencys_list_refer_to_each_other(sources: Sources, engine: Engine) -> None:
    offer(sources.desk)
    sources.say(LIST, "cap:bpbd")
    sources.say(alert(), "cap:bpbd:one")
    sources.look()
    sources.say(alert("A2", kind="Cancel", references=("A1",), sent_at=NOW), "cap:bpbd:two")
    sources.look()
    assert [row.source for row in sources.rows()] == ["cap:bpbd", "cap:bpbd"]
    assert "dicabut" in bodies(engine, OJOL)[-1]


def test_what_a_source_has_not_confirmed_for_too_long_is_no_news(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    with engine.begin() as connection:
        connection.execute(update(feeds).values(fetched_at=NOW - 31 * MINUTE))
    sources.look()
    assert sent(engine) == []


def shape(identifier: str = "A1", **more: Any) -> str:
    return alert(identifier, text=THEIRS, area=f"<polygon>{SHAPE}</polygon>", **more)


async def test_a_doubtful_one_waits_for_one_officers_sign(
    sources: Sources, engine: Engine, take: Take, react: Event
) -> None:
    sources.say(shape())
    sources.look()
    held, *buttons = sent(engine)
    assert held["key"] == "warning-held:1"
    assert [row["content"]["m.relates_to"]["key"] for row in buttons] == ["✅", "⛔"]
    sources.deliver()
    await take(react("✅", sender="@warga:batang.test", target="$warning-held:1"))
    assert bodies(engine, OJOL) == []
    await take(react("✅\ufe0f", target="$warning-held:1"), react("✅", target="$warning-held:1"))
    assert len(bodies(engine, OJOL)) == len(bodies(engine, NELAYAN)) == 1
    assert "ani" in bodies(engine, OPERATIONS)[0]
    assert "warning.sent_by_officer" in audited(engine)


async def test_a_dropped_one_stays_dropped_and_what_replaces_it_asks_anew(
    sources: Sources, engine: Engine, take: Take, react: Event
) -> None:
    sources.say(shape())
    sources.look()
    sources.deliver()
    await take(react("⛔", target="$warning-held:1"), react("✅", target="$warning-held:1"))
    assert bodies(engine, OJOL) == []
    sources.say(shape("A2", sent_at=NOW, headline="Angin"))
    sources.look()
    sources.say(shape("A3", kind="Update", references=("A2",), sent_at=NOW, headline="Angin Kencang"))
    sources.look()
    sources.deliver()
    await take(react("✅", target="$warning-held:2"))
    assert bodies(engine, OJOL) == [], "the second is out of date"
    await take(react("✅", target="$warning-held:3"))
    assert "Angin Kencang" in bodies(engine, OJOL)[0]


async def test_a_sign_that_comes_too_late_sends_nothing(
    sources: Sources, engine: Engine, take: Take, react: Event
) -> None:
    sources.say(shape(expires=NOW + MINUTE, sent_at=NOW - MINUTE))
    sources.look(NOW - MINUTE // 2)
    sources.deliver()
    with engine.begin() as connection:
        connection.execute(update(table).values(expires_at=NOW - 1))
    await take(react("✅", target="$warning-held:1"))
    assert bodies(engine, OJOL) == []


def test_a_quake_felt_here_is_told_and_small_corrections_are_not(sources: Sources, engine: Engine) -> None:
    sources.say(quake(), "quakes")
    sources.look()
    assert "4,6" in bodies(engine, OJOL)[0]
    assert "III MMI" in bodies(engine, OJOL)[0]
    sources.say(quake("4.8", at=NOW - 10 * MINUTE + 20_000), "quakes")
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    sources.say(quake("5.1"), "quakes")
    sources.look()
    sources.look()
    assert "Pembaruan" in bodies(engine, OJOL)[1]
    sources.say(quake("5.1", felt="IV Batang"), "quakes")
    sources.look()
    assert [row.first_id for row in sources.rows()] == [None, 1, 1]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(quake(felt="III Batang Hari"), id="another Batang"),
        pytest.param(quake(felt="I Batang"), id="hardly felt"),
        pytest.param(quake(at=NOW - 61 * MINUTE), id="long ago"),
        pytest.param(quake(felt="", Potensi="Tidak berpotensi tsunami"), id="far away"),
    ],
)
def test_other_quakes_are_not_told(sources: Sources, engine: Engine, raw: str) -> None:
    sources.say(raw, "quakes")
    sources.look()
    assert sent(engine) == []


def test_words_on_a_tsunami_wait_for_an_officer(sources: Sources, engine: Engine) -> None:
    sources.say(quake("7.1", felt="", Potensi="Berpotensi tsunami untuk diteruskan"), "quakes")
    sources.look()
    assert {row["room_id"] for row in sent(engine)} == {OPERATIONS}
    assert warningwords.WHY["tsunami"][:20] in sent(engine)[0]["content"]["body"]


def test_a_silent_room_is_left_alone(sources: Sources, engine: Engine, desk: Desk) -> None:
    assert desk.content.alerting is not None
    silent = desk.content.alerting.model_copy(update={"silent_rooms": ("nelayan",)})
    object.__setattr__(desk, "content", replace(desk.content, alerting=silent))
    sources.say(alert())
    sources.look()
    assert bodies(engine, NELAYAN) == []
    assert "Tanpa 1 kanal" in bodies(engine, OPERATIONS)[0]


def test_hostile_words_of_a_source_stay_words(sources: Sources, engine: Engine) -> None:
    sources.say(alert(headline="@room **&lt;b&gt;Klik&lt;/b&gt;** [sini](https://jahat.test)" + "x" * 5000))
    sources.look()
    [row] = sent(engine, OJOL)
    assert "@room" not in row["content"]["body"]
    assert "<a " not in row["content"]["formatted_body"]
    assert "&lt;b&gt;" in row["content"]["formatted_body"]
    assert len(row["content"]["body"]) < 1500
    assert row["content"]["m.mentions"] == {}


def test_a_killed_bot_goes_on_where_it_was_whatever_room_that_is(sources: Sources, engine: Engine) -> None:
    """All rooms are rows of the transaction that recorded the warning; a second look finds nothing to add."""
    sources.say(alert())
    connection = engine.connect()
    connection.begin()
    warning.look(connection, sources.desk, NOW)
    connection.close()  # killed before the commit
    assert sent(engine) == []
    sources.look()
    sources.look()
    keys = Counter(row["key"] for row in sent(engine))
    assert keys == {"warning:1:!ojol": 1, "warning:1:!nelayan": 1, "warning:1:!kendali": 1}


def test_without_an_operations_room_what_needs_an_officer_waits_for_one(sources: Sources, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(known_rooms.delete().where(known_rooms.c.kind == "operations"))
    sources.say(shape())
    sources.look()
    assert sources.rows() == []
