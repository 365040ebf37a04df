"""Protections in the channel: a flood ends, reports never go, whoever keeps order is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from casework_world import ANI, CRASH, staffed
from guard_world import (
    MODERATOR,
    NEIGHBOUR,
    SPAMMER,
    by_key,
    complaint_shown,
    done,
    furnish,
    join,
    keys,
    struck,
)
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Media
from bot.handlers import guarding
from bot.handlers.desk import Desk
from bot.outgoing import Action, Priority
from bot.store import guard, inbox
from bot.store.database import Database
from bot.store.tables import incidents, transmissions

EMERGENCY = "tolong kebakaran rumah di desa Plelen, ada orang terjebak"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture(autouse=True)
def channel(engine: Engine) -> None:
    furnish(engine)


@pytest.fixture
def limit(desk: Desk) -> int:
    watches = desk.content.protections.of("ojol")
    assert watches is not None
    return watches.flood.messages


def words(event: Event, count: int, sender: str = SPAMMER, **values: Any) -> list[IncomingEvent]:
    return [
        event(f"pesan {'abcdefghijklmnopqrstuvwxyz'[n % 26]} {n}", room=OJOL, sender=sender, **values)
        for n in range(count)
    ]


async def test_a_flood_is_muted_first_swept_and_shown_on_one_card(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    flood = words(event, limit + 25)
    await take(*flood)
    rows = [row for row in sent(engine, OJOL) if row["action"] in (Action.STATE, Action.REDACTION)]
    first = min(rows, key=lambda row: (row["priority"], row["id"]))
    assert (first["action"], first["type"], first["priority"]) == (
        Action.STATE,
        "m.room.power_levels",
        Priority.WARNING,
    )
    assert first["content"] == {"state_key": "", "merge": {"users": {SPAMMER: -1}}}
    assert keys(engine, "sweep:") == [f"sweep:{one.event_id}" for one in flood], "what was sent before and after"
    assert by_key(engine, f"sweep:{flood[0].event_id}")["content"]["event_id"] == flood[0].event_id
    assert struck(engine) == [(SPAMMER, "flood")]
    mute, redacted = done(engine)
    assert (mute.kind, mute.target, mute.room_id, mute.by, mute.until_at) == (
        "mute",
        SPAMMER,
        OJOL,
        "kentongan",
        NOW + 600_000,
    )
    assert (redacted.kind, redacted.amount) == ("redact", limit + 25)
    cards = keys(engine, "complaint:")
    assert cards[0] == "complaint:1"
    assert len(cards) <= 2, "one card, edited when the flood has doubled, not for each message"
    assert SPAMMER in complaint_shown(engine)
    assert "dibisukan sampai" in complaint_shown(engine)
    assert len(keys(engine, "warn:")) == 1
    [told] = [row for row in sent(engine, OJOL) if row["key"].startswith("tell:")]
    assert "110" in told["content"]["body"]
    assert audited(engine).count("protection.struck") == 1


async def test_a_report_in_the_middle_of_a_flood_is_logged_and_stays(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    own = event(EMERGENCY, room=OJOL, sender=SPAMMER)
    other = event(CRASH, room=OJOL, sender=NEIGHBOUR)
    photo = event(
        "kebakaran di pasar Subah",
        room=OJOL,
        sender=SPAMMER,
        kind=Kind.IMAGE,
        media=Media("mxc://b.test/x", filename="a.jpg"),
    )
    note = event(room=OJOL, sender=SPAMMER, kind=Kind.AUDIO)
    flood = words(event, 3 * limit)
    await take(*flood[: limit - 1], own, other, *flood[limit - 1 : 2 * limit], photo, note, *flood[2 * limit :])
    redacted = {row["content"]["event_id"] for row in sent(engine, OJOL) if row["action"] == Action.REDACTION}
    assert redacted.isdisjoint({own.event_id, other.event_id, photo.event_id, note.event_id})
    assert done(engine)[0].kind == "mute"
    with engine.connect() as connection:
        kept = set(connection.scalars(select(transmissions.c.event_id)))
        urgencies = list(connection.scalars(select(incidents.c.urgency)))
    assert {own.event_id, other.event_id, photo.event_id, note.event_id} <= kept
    assert "darurat" in urgencies
    assert all(keys(engine, f"reply:{one.event_id}") for one in (own, other))


async def test_reports_alone_are_no_flood_below_twice_the_threshold(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    villages = (
        "Plelen",
        "Sembung",
        "Clapar",
        "Sojomerto",
        "Kalimanggis",
        "Subah",
        "Limpung",
        "Bawang",
        "Reban",
        "Tersono",
    )
    reports = [event(f"ada tabrakan di {villages[n % 10]}", room=OJOL, sender=SPAMMER) for n in range(limit + 5)]
    await take(*reports)
    assert struck(engine) == []
    assert not [row for row in sent(engine, OJOL) if row["action"] == Action.REDACTION]


@pytest.mark.parametrize("sender", [ANI, MODERATOR])
async def test_whoever_keeps_order_is_left_alone(
    take: Take, event: Event, engine: Engine, limit: int, sender: str
) -> None:
    await take(*words(event, 3 * limit, sender), event("anjing kamu", room=OJOL, sender=sender))
    assert (struck(engine), done(engine)) == ([], [])


async def test_an_officers_name_on_another_server_is_no_officer(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    await take(*words(event, limit, "@ani:lain.example"))
    assert struck(engine) == [("@ani:lain.example", "flood")]


async def test_an_hour_of_messages_that_come_at_once_after_a_pause_is_no_flood(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    await take(*[replace(one, sent_at=NOW - 3_600_000 + n * 60_000) for n, one in enumerate(words(event, 3 * limit))])
    assert struck(engine) == []


async def test_a_strangers_clock_neither_hides_a_flood_nor_mutes_an_innocent(
    take: Take, event: Event, engine: Engine, limit: int
) -> None:
    stranger = "@x:lain.example"
    await take(*[replace(one, sent_at=1000 + n * 60_000) for n, one in enumerate(words(event, limit, stranger))])
    assert struck(engine) == [(stranger, "flood")]
    assert done(engine) == []
    assert "pesan beruntun" in complaint_shown(engine)


async def test_a_flood_that_nobody_can_read_is_met_too_and_nothing_of_it_is_deleted(
    event: Event, engine: Engine, database: Database, desk: Desk, limit: int
) -> None:
    flood = [event(room=OJOL, sender=SPAMMER, kind=Kind.UNREADABLE, type="m.room.encrypted") for _ in range(limit)]
    waiting = {one.event_id: ("session", {"type": "m.room.encrypted"}) for one in flood}
    await database.run(lambda connection: inbox.append(connection, flood, NOW, waiting=waiting))
    for _ in range(3):
        await database.run(lambda connection: guarding.watch_unreadable(connection, desk, NOW))
    assert struck(engine) == [(SPAMMER, "flood")]
    assert [one.kind for one in done(engine)] == ["mute"]
    assert keys(engine, "sweep:") == []
    assert keys(engine, "complaint:") == ["complaint:1"]
    assert audited(engine).count("protection.struck") == 1, "what is only looked at again is no event"


async def test_insults_are_warned_once_an_hour_then_deleted_then_muted(
    take: Take, event: Event, engine: Engine
) -> None:
    first, second, third = (
        event(text, room=OJOL, sender=SPAMMER) for text in ("anjing kamu", "goblok lu", "dasar babi")
    )
    await take(first)
    assert keys(engine, "sweep:", "warn:") == [f"warn:{first.event_id}"]
    assert by_key(engine, f"warn:{first.event_id}")["content"]["m.relates_to"]["event_id"] == first.event_id
    await take(second)
    assert keys(engine, "sweep:") == [f"sweep:{second.event_id}"]
    assert len(keys(engine, "warn:")) == 1
    await take(third)
    assert [one.kind for one in done(engine)] == ["redact", "mute"]
    assert "makian" in complaint_shown(engine)


async def test_a_report_that_quotes_an_insult_or_tells_of_a_rabid_dog_is_no_insult(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(
        event("dia bilang kamu anjing lalu memukul saya di pasar Subah", room=OJOL, sender=SPAMMER),
        event("anjing gila menggigit anak di desa Plelen, tolong", room=OJOL, sender=SPAMMER),
    )
    assert struck(engine) == []


async def test_a_newcomers_picture_is_shown_to_officers_and_a_newcomers_report_is_not_hindered(
    take: Take, event: Event, engine: Engine
) -> None:
    with engine.begin() as connection:
        join(connection, OJOL, "@baru:batang.test", NOW - 60_000)
    media = Media("mxc://b.test/x", filename="a.jpg")
    picture = event("a.jpg", room=OJOL, sender="@baru:batang.test", kind=Kind.IMAGE, media=media)
    report = event("kebakaran di pasar Subah", room=OJOL, sender="@baru:batang.test", kind=Kind.IMAGE, media=media)
    await take(picture, report)
    assert struck(engine) == [("@baru:batang.test", "newcomers")]
    assert keys(engine, "sweep:") == []
    assert "gambar" in complaint_shown(engine)


async def test_many_voice_notes_are_all_taken_up_and_their_sender_asked_to_slow_down(
    take: Take, event: Event, engine: Engine, desk: Desk
) -> None:
    watches = desk.content.protections.of("ojol")
    assert watches is not None
    await take(*[event(room=OJOL, sender=SPAMMER, kind=Kind.AUDIO) for _ in range(watches.voices.notes + 2)])
    with engine.connect() as connection:
        assert len(connection.execute(select(transmissions)).all()) == watches.voices.notes + 2
    assert struck(engine) == [(SPAMMER, "voices")]
    assert len(keys(engine, "warn:")) == 1
    assert keys(engine, "sweep:") == []


async def test_what_an_officer_switches_off_is_off_until_then(
    take: Take, event: Event, engine: Engine, database: Database
) -> None:
    await database.run(
        lambda connection: guard.switch(connection, OJOL, "insults", on=False, by=ANI, now=NOW, until=NOW + 1000)
    )
    await take(event("anjing kamu", room=OJOL, sender=SPAMMER))
    assert struck(engine) == []
    await database.run(
        lambda connection: guard.switch(connection, OJOL, "insults", on=False, by=ANI, now=NOW - 2000, until=NOW - 1000)
    )
    await take(event("anjing kamu", room=OJOL, sender=SPAMMER))
    assert struck(engine) == [(SPAMMER, "insults")]


async def test_what_somebody_repeats_to_us_in_private_counts_against_nobody(
    take: Take, event: Event, engine: Engine, database: Database
) -> None:
    private = [event("halo, apakah ada orang di sana?", sender=SPAMMER) for _ in range(8)]
    own = event("halo, apakah ada orang di sana?", room=OJOL, sender=SPAMMER)
    await take(*private, own)
    assert struck(engine) == []
    newest = 10_000
    past = await database.run(
        lambda connection: guard.past(connection, SPAMMER, since=0, newest=newest, own_server="batang.test")
    )
    assert [one.event_id for one in past] == [own.event_id]


async def test_other_rooms_are_not_watched(take: Take, event: Event, engine: Engine, limit: int) -> None:
    await take(
        *[event(f"halo {n}", sender=SPAMMER) for n in range(3)], event("anjing kamu", room=OPERATIONS, sender=SPAMMER)
    )
    assert struck(engine) == []
