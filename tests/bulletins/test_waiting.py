"""A bulletin that waits for the homeserver stays true or is withdrawn, and what became of it is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from bulletins_world import GRACE, Homeserver, Station, at, ms, target
from outside_world import REGION, alert, good
from sqlalchemy import select, update

from bot.bulletins.verdict import Answer, Kind
from bot.bulletins.waiting import renew
from bot.store import bulletins, outbox, previews, tables

DAY = dt.date(2026, 3, 2)
PAGI = f"bulletin:pagi:{DAY}:!ojol"
SENT = ("pagi", str(DAY), "!ojol", "queued", None)
UNDELIVERED = ("pagi", str(DAY), "!ojol", "skipped", "undelivered")


def time(clock: str) -> dt.datetime:
    return at(f"{DAY} {clock}")


@pytest.fixture
def homeserver(station: Station) -> Homeserver:
    station.tick(time("06:00"))
    station.tick(time("07:00"))
    return Homeserver(station)


def body(station: Station, key: str = PAGI) -> str:
    return str(station.content_of(key)["body"])


def became(station: Station, clock: str = "12:00") -> list[tuple[str, str | None]]:
    with station.engine.begin() as connection:
        return [(one.state, one.reason) for one in bulletins.states(connection, str(DAY), None, ms(time(clock)))]


def test_what_the_homeserver_took_in_time_is_as_it_was_decided(station, homeserver):
    assert homeserver.take(time("07:01")) == [PAGI]
    assert station.renew(time("12:00")) == 0
    assert became(station) == [("sent", None)]
    assert "terlambat" not in body(station)


def test_a_start_after_an_outage_sends_nothing_before_it_was_looked_at(station, homeserver):
    station.restart()
    assert homeserver.take(time("07:35")) == []
    assert homeserver.take(time("11:00")) == []


def test_within_the_grace_time_it_goes_out_late_and_says_so(station, homeserver):
    for minute in range(1, 36):
        station.renew(time(f"07:{minute:02}"))
    assert homeserver.take(time("07:35")) == [PAGI]
    assert "terlambat 35 menit" in body(station)
    assert station.rows() == [SENT]
    assert station.sent() == {PAGI: 1}


@pytest.mark.parametrize("minute", [1, 4, 5, 6, 20, 44, 45])
def test_at_no_minute_does_it_go_out_late_without_a_word(station, homeserver, minute):
    station.renew(time("07:03"))
    if homeserver.take(time(f"07:{minute:02}")):
        assert minute < 5, "as decided, and not late yet"
    else:
        station.renew(time(f"07:{minute:02}"))
        assert homeserver.take(time(f"07:{minute:02}")) == ([PAGI] if minute < 45 else [])
        assert minute < 5 or minute in (5, 45) or f"terlambat {minute} menit" in body(station)


def test_past_the_grace_time_it_never_goes_out_and_is_recorded(station, homeserver):
    seen: list[tuple[str, str]] = []
    with station.engine.begin() as connection:
        renew(station.announcer, connection, ms(time("07:45")), lambda kind, subject, _: seen.append((kind, subject)))
    assert seen == [("bulletin.undelivered", PAGI)]
    assert station.rows() == [UNDELIVERED]
    for clock in ("07:45", "09:00"):
        station.renew(time(clock))
        station.tick(time(clock))
        assert homeserver.take(time(clock)) == []
    assert became(station) == [("skipped", "undelivered")]


def test_it_does_not_warn_of_what_is_over_when_it_goes_out(station, monkeypatch):
    day = dt.date(2026, 12, 1)
    key = f"bulletin:pagi:{day}:!ojol"
    brief = good(dt.timedelta(), alert(expires=f"{day}T07:20:00+07:00"))
    monkeypatch.setattr("bot.bulletins.announce.readings", lambda _: brief)
    announcer = replace(station.announcer, region=REGION)
    with station.engine.begin() as connection:
        announcer.run(connection, ms(at(f"{day} 06:00")))
        announcer.run(connection, ms(at(f"{day} 07:00")))
    assert "Hujan Lebat" in body(station, key)
    with station.engine.begin() as connection:
        renew(announcer, connection, ms(at(f"{day} 07:30")))
    assert "Hujan Lebat" not in body(station, key)
    assert "terlambat 30 menit" in body(station, key)


def answer(station: Station, kind: Kind, words: str, clock: str) -> None:
    with station.engine.begin() as connection:
        previews.ask(connection, "pagi", str(DAY), due_at=ms(time("07:00")), shown="", digest="", now=1)
        said = Answer(f"${clock}", kind, "@ani", ms(time(clock)), words)
        there = previews.get(connection, "pagi", str(DAY))
        previews.answered(connection, "pagi", str(DAY), [*there.answers, said.to_json()])


def test_what_an_officer_wrote_stays_what_is_said_whatever_is_answered_after_its_time(station):
    station.tick(time("06:00"))
    answer(station, Kind.WORDS, "Jalan pantai ditutup.", "06:50")
    station.tick(time("07:00"))
    answer(station, Kind.WORDS, "Jalan pantai dibuka.", "07:10")
    answer(station, Kind.SKIP, "sudah lewat", "07:20")
    station.renew(time("07:30"))
    assert "Jalan pantai ditutup." in body(station)
    assert "terlambat 30 menit" in body(station)
    Homeserver(station).take(time("07:31"))
    station.renew(time("07:32"))
    with station.engine.begin() as connection:
        assert connection.scalar(select(tables.bulletins.c.words)) is None, "kept no longer than it is needed"


def test_composed_anew_it_tells_the_tip_that_it_told(station, homeserver):
    with station.engine.begin() as connection:
        before = connection.scalar(select(tables.bulletins.c.tip))
        assert before
    station.renew(time("07:30"))
    with station.engine.begin() as connection:
        assert connection.scalar(select(tables.bulletins.c.tip)) == before


def test_what_arrived_unheard_of_counts_as_sent_when_its_event_comes_back(station, homeserver):
    assert homeserver.take(time("07:01"), deaf=True) == [PAGI]
    station.renew(time("07:45"))
    assert station.rows() == [UNDELIVERED]
    homeserver.sync(time("09:00"))
    assert became(station) == [("sent", None)], "at once"
    station.renew(time("09:00"))
    assert station.rows() == [SENT]
    assert station.send("pagi", DAY, time("09:01")) == []
    assert homeserver.keys() == {PAGI: 1}


def test_what_is_stored_is_what_stands_in_the_room(station, homeserver):
    homeserver.take(time("07:01"), deaf=True)
    first = body(station)
    station.renew(time("07:30"))
    assert body(station) != first
    homeserver.take(time("07:30"))  # the same transaction: the homeserver keeps what it has
    homeserver.sync(time("07:31"))
    assert body(station) == first
    assert homeserver.keys() == {PAGI: 1}


def test_an_operator_sends_what_was_not_delivered_with_fresh_words_and_time(station, homeserver):
    station.renew(time("07:45"))
    assert [one.sent for one in station.send("pagi", DAY, time("09:00"))] == [True]
    assert station.rows() == [SENT]
    assert "terlambat 2 jam" in body(station)
    station.renew(time("09:40"))
    assert homeserver.take(time("09:40")) == [PAGI]
    assert station.send("pagi", DAY, time("09:41")) == []
    assert homeserver.keys() == {PAGI: 1}


def test_what_an_operator_sends_waits_no_longer_than_the_grace_time_either(station, homeserver):
    station.renew(time("07:45"))
    station.send("pagi", DAY, time("09:00"))
    station.renew(time("09:00") + GRACE)
    assert station.rows() == [UNDELIVERED]
    assert homeserver.take(time("09:00") + GRACE) == []


def test_an_operators_word_says_nothing_twice_where_the_first_had_arrived(station, homeserver):
    homeserver.take(time("07:01"), deaf=True)
    first = body(station)
    station.renew(time("07:45"))
    assert [one.sent for one in station.send("pagi", DAY, time("09:00"))] == [True], "nobody has heard of it yet"
    homeserver.take(time("09:00"))
    homeserver.sync(time("09:01"))
    assert homeserver.keys() == {PAGI: 1}
    assert body(station) == first
    assert became(station) == [("sent", None)]


def test_an_operator_sends_again_what_the_homeserver_refused(station, homeserver):
    with station.engine.begin() as connection:
        [row] = outbox.heads(connection, ms(time("07:00")))
        outbox.failed(connection, row.id, "403 M_FORBIDDEN", ms(time("07:00")))
    assert became(station) == [("failed", None)]
    assert [one.sent for one in station.send("pagi", DAY, time("07:10"))] == [True]
    assert homeserver.take(time("07:10")) == [PAGI]
    assert became(station) == [("sent", None)]


def test_what_a_clock_ahead_withdrew_is_sent_when_the_clock_is_right_again(station, homeserver):
    station.renew(time("07:00") + dt.timedelta(days=2))
    assert station.rows() == [UNDELIVERED]
    station.tick(time("07:02"))
    assert station.rows() == [SENT]
    assert homeserver.take(time("07:02")) == [PAGI]


def test_a_broken_template_keeps_what_is_not_true_any_more_from_going_out(station, homeserver):
    station.content = station.content.model_copy(
        update={"templates": dict.fromkeys(station.content.templates, "{{ tidak_ada }}")}
    )
    station.renew(time("07:30"))
    assert homeserver.take(time("07:30")) == []
    station.renew(time("07:45"))
    assert station.rows() == [UNDELIVERED]


def test_a_channel_that_is_not_to_hear_it_any_more_does_not(station, homeserver):
    station.targets = [target("nelayan")]
    station.renew(time("07:30"))
    assert homeserver.take(time("07:30")) == []


def test_what_waited_before_there_was_a_time_for_it_has_the_same_time(station, homeserver):
    with station.engine.begin() as connection:
        connection.execute(update(tables.bulletins).values(not_after=None))
        connection.execute(update(tables.outbox).values(not_after=None))
    station.renew(time("07:30"))
    assert "terlambat 30 menit" in body(station)
    station.renew(time("07:45"))
    assert station.rows() == [UNDELIVERED]
