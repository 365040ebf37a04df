"""What a bulletin counts: incidents that an officer confirmed since the slot before, each once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from bulletins_world import at, ms
from sqlalchemy import Connection, insert

from bot.incidents.lifecycle import Status
from bot.store import bulletins, incidents
from bot.store.tables import incidents as table

EVENING, MORNING, NOON = at("2026-03-01 20:00"), at("2026-03-02 07:00"), at("2026-03-02 15:30")
OFFICER = "@budi:x"
ANALYSIS = {
    "text": "", "category": "banjir", "urgency": "info", "report": True, "district": "Subah", "places": [],
    "evidence": [],
}  # fmt: skip
PAGI, SORE = "bulletin:pagi:2026-03-02:!ojol", "bulletin:sore:2026-03-02:!ojol"


@pytest.fixture
def connection(station) -> Iterator[Connection]:
    with station.engine.begin() as connection:
        yield connection


def opened(connection: Connection, number: int, moment: dt.datetime, **values: Any) -> int:
    """A report that nobody has looked at."""
    row = {
        "id": number, "opened_at": ms(moment), "updated_at": ms(moment), "room_id": "!ojol", "category": "banjir",
        "urgency": "info", "district": "Subah", "places": [], "status": "baru", "text": "", "analysis": ANALYSIS,
        "content_version": "v1",
    }  # fmt: skip
    connection.execute(insert(table).values(row | values))
    return number


def step(connection: Connection, number: int, status: Status, moment: dt.datetime, why: str | None = None) -> str:
    """An officer's step; its event."""
    event_id = f"${number}-{status}-{ms(moment)}"
    incidents.change_status(connection, number, status, actor=OFFICER, reason=why, event_id=event_id, now=ms(moment))
    return event_id


def counted(connection: Connection, since: dt.datetime, until: dt.datetime) -> int:
    return sum(number for _, _, number in bulletins.incident_counts(connection, ms(since), ms(until)))


def body(station: Any, key: str) -> str:
    return str(station.content_of(key)["body"])


def test_what_was_confirmed_since_the_slot_before_is_told_whenever_it_was_reported(station):
    station.tick(at("2026-03-01 18:00"))
    with station.engine.begin() as db:
        for number, (reported, confirmed) in enumerate(
            (
                ("2026-03-01 19:00", "2026-03-01 20:00"),  # told by the evening's bulletin
                ("2026-03-01 19:00", "2026-03-01 20:01"),
                ("2026-03-02 06:00", "2026-03-02 07:00"),
                ("2026-03-02 06:00", "2026-03-02 07:20"),  # the next one's
            ),
            1,
        ):
            step(db, opened(db, number, at(reported)), Status.TERVERIFIKASI, at(confirmed))
    station.tick(at("2026-03-02 07:30"))
    station.tick(at("2026-03-02 15:30"))
    assert "sejak pukul 20.00 kemarin: 2 kejadian sudah dipastikan petugas" in body(station, PAGI)
    assert "Subah 2" in body(station, PAGI)
    assert "sejak pukul 07.00: 1 kejadian sudah dipastikan petugas" in body(station, SORE)


def test_what_nobody_has_confirmed_is_not_told_and_officers_see_how_much_it_is(station):
    station.tick(at("2026-03-01 18:00"))
    with station.engine.begin() as db:
        opened(db, 1, at("2026-03-02 06:00"))
        step(db, opened(db, 2, at("2026-03-02 06:00"), category="tawuran"), Status.DITINJAU, at("2026-03-02 06:10"))
        opened(db, 3, at("2026-03-02 06:00"), analysis=ANALYSIS | {"private": True})
        assert bulletins.unconfirmed(db, ms(EVENING), ms(MORNING)) == {"banjir": 1, "tawuran": 1}
    station.tick(at("2026-03-02 07:30"))
    assert "belum ada kejadian yang dipastikan petugas" in body(station, PAGI)
    assert "periksa" not in body(station, PAGI)


def test_what_was_found_false_or_double_before_the_slot_is_not_counted(connection: Connection) -> None:
    for number, steps in ((1, (Status.DITINJAU, Status.PALSU)), (2, (Status.DUPLIKAT,))):
        opened(connection, number, at("2026-03-02 05:00"))
        step(connection, number, Status.TERVERIFIKASI, at("2026-03-02 05:10"))
        assert counted(connection, EVENING, MORNING) == 1
        for after, status in enumerate(steps):
            step(connection, number, status, at(f"2026-03-02 05:2{after}"), "sudah dicek, dari laporan 3")
        assert counted(connection, EVENING, MORNING) == 0
    assert counted(connection, EVENING, MORNING) == 0


def test_later_steps_and_a_second_confirmation_are_no_news(connection: Connection) -> None:
    opened(connection, 1, at("2026-03-02 05:00"))
    step(connection, 1, Status.TERVERIFIKASI, at("2026-03-02 05:10"))
    assert counted(connection, EVENING, MORNING) == 1
    step(connection, 1, Status.DITANGANI, at("2026-03-02 08:00"))
    step(connection, 1, Status.SELESAI, at("2026-03-02 09:00"))
    incidents.reopen(connection, 1, event_id="$again", now=ms(at("2026-03-02 10:00")))
    step(connection, 1, Status.TERVERIFIKASI, at("2026-03-02 11:00"))
    assert counted(connection, MORNING, NOON) == 0
    assert counted(connection, EVENING, NOON) == 1


def test_help_that_goes_out_at_once_confirms_too(connection: Connection) -> None:
    step(connection, opened(connection, 1, at("2026-03-02 05:00")), Status.DITANGANI, at("2026-03-02 05:01"))
    assert counted(connection, EVENING, MORNING) == 1


def test_a_confirmation_taken_back_as_a_mistake_is_none_and_the_true_one_counts(connection: Connection) -> None:
    opened(connection, 1, at("2026-03-02 05:00"))
    mistake = step(connection, 1, Status.TERVERIFIKASI, at("2026-03-02 05:10"))
    incidents.undo(connection, 1, mistake, actor=OFFICER, event_id="$undo", now=ms(at("2026-03-02 05:11")))
    assert counted(connection, EVENING, MORNING) == 0
    step(connection, 1, Status.TERVERIFIKASI, at("2026-03-02 08:00"))
    assert counted(connection, EVENING, MORNING) == 0
    assert counted(connection, MORNING, NOON) == 1


@pytest.mark.parametrize(("analysis", "number"), [({}, 1), ({"private": False}, 1), ({"private": True}, 0)])
def test_what_is_private_is_not_counted(connection: Connection, analysis: dict[str, Any], number: int) -> None:
    opened(connection, 1, at("2026-03-02 05:00"), analysis=ANALYSIS | analysis)
    step(connection, 1, Status.TERVERIFIKASI, at("2026-03-02 05:10"))
    assert counted(connection, EVENING, MORNING) == number
