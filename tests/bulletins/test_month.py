"""A month of restarts and clock jumps: each slot and room is exactly one bulletin or one recorded skip."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import Counter

import pytest
from bulletins_world import GRACE, SLOTS, ZONE, Homeserver, at, ms, target
from sqlalchemy import event

from bot.bulletins import approval
from bot.bulletins.announce import HOLDS
from bot.bulletins.compose import LATE_AFTER
from bot.bulletins.model import Override, Preview
from bot.bulletins.verdict import Answer, Kind
from bot.store import previews

START = at("2026-03-01 00:00")
END = at("2026-04-01 00:00")
ROOMS = ("ojol", "desa-siaga", "nelayan")


class Killed(Exception):
    """kill -9 in the middle of a transaction."""


def expected() -> set[tuple[str, str, str]]:
    days = [(START + dt.timedelta(days=number)).date().isoformat() for number in range(31)]
    return {(slot, day, f"!{room}") for day in days for slot in SLOTS for room in ROOMS}


@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_restarts_and_clock_jumps_leaves_one_decision_a_slot_and_room(station, seed):
    chance = random.Random(seed)
    station.targets = [target(room) for room in ROOMS]
    now, restarts, jumps, kills = START, 0, 0, 0
    station.tick(now)
    while now < END:
        now += dt.timedelta(minutes=chance.choice([1, 1, 5, 20, 40, 90, 300]))
        if chance.random() < 0.25:
            station.restart()
            restarts += 1
        clock = now
        if chance.random() < 0.1:  # wrong for one look: an hour to two days, ahead or behind
            clock += dt.timedelta(minutes=chance.choice([-2880, -600, -61, 61, 600, 2880]))
            jumps += 1
        if chance.random() < 0.1:
            kills += killed(station, clock, after=chance.randrange(1, 12))
        station.tick(clock)
    station.tick(END + dt.timedelta(hours=1))

    assert restarts > 100
    assert jumps > 40
    assert kills > 5
    rows = [row for row in station.rows() if row[1].startswith("2026-03")]
    keys = [row[:3] for row in rows]
    assert len(keys) == len(set(keys))
    assert set(keys) == expected()
    sent = {f"bulletin:{slot}:{date}:{room}" for slot, date, room, state, _ in rows if state == "queued"}
    assert sent == {key for key in station.sent() if ":2026-03-" in key}
    assert set(station.sent().values()) == {1}
    assert all((state == "skipped") == bool(reason) for *_, state, reason in rows)


@pytest.mark.parametrize("seed", range(3))
def test_a_month_with_officers_answering_at_any_time_leaves_one_decision_that_is_theirs(station, seed):
    """Answers come before, at and after their slots, in between restarts, deaths and clock jumps."""
    chance = random.Random(100 + seed)
    station.targets = [target(room) for room in ROOMS]
    silent = station.content.slots["sore"].model_copy(update={"preview": Preview(minutes=20, silence="skip")})
    early = {"nelayan": {"pagi": Override(time=dt.time(5, 0))}}
    slots = {**station.content.slots, "sore": silent}
    station.content = station.content.model_copy(update={"slots": slots, "rooms": early})
    now, answers, kills, restarts = START, 0, 0, 0
    reasons: Counter[str | None] = Counter()
    station.tick(now)
    while now < END:
        now += dt.timedelta(minutes=chance.choice([1, 1, 5, 20, 40, 90, 300]))
        if chance.random() < 0.25:
            station.restart()
            restarts += 1
        if chance.random() < 0.7:
            slot = chance.choice(SLOTS)
            date = (now + dt.timedelta(hours=chance.choice([0, 0, 0, -24]))).date().isoformat()
            answers += answered(station, slot, date, chance.choice(list(Kind)), now)
        clock = now
        if chance.random() < 0.1:
            clock += dt.timedelta(minutes=chance.choice([-2880, -600, -61, 61, 600, 2880]))
        before = {row[:3]: row[3:] for row in station.rows()}
        if chance.random() < 0.1:
            kills += killed(station, clock, after=chance.randrange(1, 12))
        station.tick(clock)
        for slot, date, room, *decision in station.rows():
            if before.get((slot, date, room)) != tuple(decision):
                reasons[decided_rightly(station, slot, date, room, *decision)] += 1
    station.tick(END + dt.timedelta(hours=1))

    assert answers > 300
    assert restarts > 100
    assert kills > 5
    assert {None, "officer", "unanswered", "missed"} <= set(reasons)
    rows = [row for row in station.rows() if row[1].startswith("2026-03")]
    assert len(rows) == len({row[:3] for row in rows})
    assert {row[:3] for row in rows} == expected()
    sent = {f"bulletin:{slot}:{date}:{room}" for slot, date, room, state, _ in rows if state == "queued"}
    assert sent == {key for key in station.sent() if ":2026-03-" in key}
    assert set(station.sent().values()) == {1}


@pytest.mark.parametrize("seed", range(2))
def test_a_month_of_outages_leaves_one_bulletin_in_its_time_or_one_recorded_skip(station, seed):
    """The homeserver is away, takes what it does not answer, and is back, between restarts and deaths of the bot."""
    chance = random.Random(200 + seed)
    station.targets = [target(room) for room in ROOMS]
    homeserver = Homeserver(station)
    now, until, mood, kills = START, START, "up", 0
    forced: set[str] = set()
    station.tick(now)
    while now < END:
        now += dt.timedelta(minutes=chance.choice([1, 5, 10, 20, 40, 90, 180]))
        if now >= until:
            mood = chance.choice(["up", "up", "away", "deaf"])
            until = now + dt.timedelta(minutes=chance.choice([10, 40, 90, 300]))
        if chance.random() < 0.1:
            station.restart()
            now += dt.timedelta(minutes=chance.choice([0, 0, 30, 120]))
        if mood != "away" and chance.random() < 0.5:  # the sender may be faster than who composes anew
            homeserver.take(now, deaf=mood == "deaf")
        if chance.random() < 0.1:
            kills += killed(station, now, after=chance.randrange(1, 12))
        station.tick(now)
        station.renew(now)
        if mood != "away":
            homeserver.take(now, deaf=mood == "deaf")
        if mood == "up":
            homeserver.sync(now)
        if chance.random() < 0.02:
            slot = chance.choice(SLOTS)
            for one in station.send(slot, now.date(), now):
                forced.add(f"bulletin:{':'.join(one.due.key)}")
    homeserver.sync(END)
    station.renew(END + dt.timedelta(hours=12))
    station.tick(END + dt.timedelta(hours=12))

    assert kills > 5
    assert len(forced) > 2
    rows = [row for row in station.rows() if row[1].startswith("2026-03")]
    assert len(rows) == len({row[:3] for row in rows})
    assert {row[:3] for row in rows} == expected()
    assert {None, "missed", "undelivered"} <= {reason for *_, reason in rows}
    sent = {f"bulletin:{slot}:{date}:{room}" for slot, date, room, state, _ in rows if state == "queued"}
    assert homeserver.keys() == dict.fromkeys(sent, 1), "what stands in the rooms is what counts as sent"
    lateness = Counter[str]()
    for stood in homeserver.rooms.values():
        _, slot, date, _ = stood.key.split(":")
        due = dt.datetime.combine(dt.date.fromisoformat(date), station.content.slots[slot].time, ZONE)
        late, body = stood.at - due, str(stood.content["body"])
        assert station.content_of(stood.key) == stood.content, "what is stored is what stands in the room"
        if late > LATE_AFTER:
            assert "terlambat" in body
        if late.total_seconds() > 0 and (found := re.search(r"terlambat (\d+) menit", body)):
            assert abs(late - dt.timedelta(minutes=int(found[1]))) <= HOLDS
        lateness["late" if late > LATE_AFTER else "on time"] += 1
        if late >= GRACE:
            assert stood.key in forced, "only an operator's word is carried out later than the grace time"
    assert min(lateness["late"], lateness["on time"]) > 10


def answered(station, slot: str, date: str, kind: Kind, now: dt.datetime) -> int:
    """An officer's answer, as its handler keeps it."""
    with station.engine.begin() as connection:
        previews.ask(connection, slot, date, due_at=ms(now), shown="", digest="", now=ms(now))
        there = previews.get(connection, slot, date)
        said = Answer(f"${now.isoformat()}", kind, "@ani", ms(now), f"kata {kind} pukul {now:%d %H %M}")
        previews.answered(connection, slot, date, [*there.answers, said.to_json()])
    return 1


def decided_rightly(station, slot: str, date: str, room: str, state: str, reason: str | None) -> str | None:
    """The decision just made is what the answers that stand come to; its reason."""
    with station.engine.begin() as connection:
        verdict = approval.verdict(connection, slot, date)
    if state == "queued":
        assert verdict.skipped is None
        assert slot != "sore" or verdict.sent is not None
        body = station.content_of(f"bulletin:{slot}:{date}:{room}")["body"]
        assert (verdict.words or "Selamat") in body
    elif reason == "officer":
        assert verdict.skipped is not None
    elif reason == "unanswered":
        assert slot == "sore"
        assert verdict.sent is None
    else:
        assert reason == "missed"
    return reason


def killed(station, clock, *, after: int) -> int:
    """A tick that dies after so many statements; true when it got that far."""
    count = 0

    def count_down(*_: object) -> None:
        nonlocal count
        count += 1
        if count > after:
            raise Killed

    event.listen(station.engine, "before_cursor_execute", count_down)
    try:
        station.tick(clock)
    except Killed:
        return 1
    finally:
        event.remove(station.engine, "before_cursor_execute", count_down)
        station.restart()
    return 0


def test_a_month_without_trouble_skips_nothing(station):
    now = START
    while now <= END:
        station.tick(now)
        now += dt.timedelta(minutes=15)
    rows = [row for row in station.rows() if row[1].startswith("2026-03")]
    assert len(rows) == 93
    assert {row[3] for row in rows} == {"queued"}


def test_a_slot_passed_by_a_clock_that_ran_ahead_is_sent_when_its_real_time_comes(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-04 12:00"))  # wrong by two days
    assert ("pagi", "2026-03-03", "!ojol", "skipped", "missed") in station.rows()
    station.tick(at("2026-03-02 06:02"))  # set right
    for moment in ("2026-03-02 07:00", "2026-03-02 15:30", "2026-03-02 20:00", "2026-03-03 07:00"):
        station.tick(at(moment))
    states = {row[:2]: row[3] for row in station.rows()}
    assert states[("pagi", "2026-03-02")] == "queued"
    assert states[("pagi", "2026-03-03")] == "queued"


def test_a_clock_set_back_repeats_nothing(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:00"))
    station.tick(at("2026-03-02 06:30"))
    station.tick(at("2026-03-02 07:00"))
    assert station.sent() == {"bulletin:pagi:2026-03-02:!ojol": 1}
