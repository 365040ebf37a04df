"""Warnings in between: said once in every room, what changes them refers to them, and nothing is said too late."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, audited, sent
from sqlalchemy import Engine, update
from warning_world import LIST, MINUTE, NELAYAN, OURS, THEIRS, Sources, alert, bodies, offer, shape

from bot.handlers import warning
from bot.handlers.desk import Desk
from bot.outgoing import Priority
from bot.store import rooms
from bot.store.tables import feeds
from bot.store.tables import rooms as known_rooms


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


def test_what_did_not_get_through_in_its_time_is_not_sent_and_officers_hear_where(
    sources: Sources, engine: Engine
) -> None:
    sources.say(alert())
    sources.look()
    assert {row["not_after"] for row in sent(engine)} == {NOW + 120 * MINUTE}, "whoever sends it looks at the clock"
    sources.deliver(OJOL)
    for minute in (121, 122):
        sources.look(NOW + minute * MINUTE)
    states = {row["key"]: row["state"] for row in sent(engine) if row["key"].startswith("warning:")}
    assert states == {"warning:1:!ojol": "sent", "warning:1:!nelayan": "cancelled", "warning:1:!kendali": "cancelled"}
    [told] = [row["content"]["body"] for row in sent(engine) if row["key"].startswith("warning-late:")]
    assert "tidak sampai di 1 kanal" in told
    assert sources.states() == ["over"]


def test_an_end_that_comes_too_late_for_anybody_is_not_sent(sources: Sources, engine: Engine) -> None:
    sources.say(alert())
    sources.look()
    sources.deliver()
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW))
    sources.look()
    sources.look(NOW + 181 * MINUTE)
    states = {row["key"]: row["state"] for row in sent(engine) if row["key"].startswith("warning:2")}
    assert set(states.values()) == {"cancelled"}
    assert any("Kabar berakhirnya" in row["content"]["body"] for row in sent(engine, OPERATIONS))


def test_no_end_is_told_that_the_publisher_has_not_told(sources: Sources, engine: Engine) -> None:
    sources.say(alert(expires=None))
    sources.look()
    [body] = bodies(engine, OJOL)
    assert "belum disebut BMKG" in body
    assert "Sampai" not in body
    sources.deliver()
    sources.look(NOW + 181 * MINUTE)
    assert sources.states() == ["over"], "we do not go on for ever"
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW + 200 * MINUTE))
    sources.confirm(NOW + 200 * MINUTE)
    sources.look(NOW + 200 * MINUTE)
    assert "dicabut" in bodies(engine, OJOL)[-1], "nobody had heard of an end"


def test_a_time_on_another_day_says_its_day(sources: Sources, engine: Engine) -> None:
    sources.say(alert(expires=NOW + 20 * 60 * MINUTE))
    sources.look()
    assert "besok" not in bodies(engine, OJOL)[0], "whoever reads it after midnight would wait a day"
    assert "November" in bodies(engine, OJOL)[0]


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
    assert sources.states() == ["unsaid"]


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


def test_two_sources_that_say_the_same_are_heard_once(sources: Sources, engine: Engine) -> None:
    offer(sources.desk)
    sources.say(alert())
    sources.say(alert(), "cap:bpbd")
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    assert sources.why() == [None, "repeated"]
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW), "cap:bpbd")
    sources.look()
    assert len(bodies(engine, OJOL)) == 1, "who repeats BMKG cannot take back what BMKG said"


def test_a_source_that_says_too_much_at_once_is_asked_about(sources: Sources, engine: Engine) -> None:
    for number in range(10):
        sources.say(alert(f"A{number}", headline=f"Hujan {number}"))
    sources.look()
    assert len(bodies(engine, OJOL)) == 6
    assert sources.why()[6:] == ["many"] * 4
    assert "banyak sekali" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    sources.say(alert("C", kind="Cancel", references=("A1",), sent_at=NOW))
    sources.look()
    assert "dicabut" in bodies(engine, OJOL)[-1], "an end is told all the same"
    sources.say(alert("A20", headline="Angin", sent_at=NOW + 61 * MINUTE, expires=NOW + 200 * MINUTE))
    sources.confirm(NOW + 61 * MINUTE)
    sources.look(NOW + 61 * MINUTE)
    assert "Angin" in bodies(engine, OJOL)[-1]


def test_a_source_that_renames_its_messages_asks_officers_once(sources: Sources, engine: Engine) -> None:
    for number in range(5):
        sources.say(shape(f"A{number}"), "nowcast:same")
        sources.say(alert(f"D{number}", status="Test"), "nowcast:drill")
        sources.look(NOW + number * MINUTE)
    assert [row["key"] for row in sent(engine)] == ["warning-held:1", "warning-held:2"]
    sources.say(alert("real"), "nowcast:real")
    sources.look()
    assert len(bodies(engine, OJOL)) == 1, "what is meant is not taken for the drill that read the same"


def test_a_room_that_was_made_meanwhile_hears_of_the_newer_one_without_a_word_on_what_it_missed(
    sources: Sources, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(known_rooms.delete().where(known_rooms.c.room_id == NELAYAN))
    sources.say(alert())
    sources.look()
    sources.deliver()
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", NELAYAN, kind="channel", alias=None, now=NOW)
    for number, place in ((2, "Bawang"), (3, "Tersono")):
        before, text = (f"A{number - 1}",), f"Kab. Batang: {place}"
        sources.say(alert(f"A{number}", kind="Update", references=before, text=text, sent_at=NOW))
        sources.look(NOW + number * MINUTE)
        sources.deliver()
    second, third = (row["content"] for row in sent(engine, NELAYAN) if row["key"].startswith("warning:"))
    assert "m.relates_to" not in second
    assert third["m.relates_to"]["m.in_reply_to"]["event_id"] == "outbox:warning:2:!nelayan"
