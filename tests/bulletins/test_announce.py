"""Once a slot and room: whoever asks, however often, and whatever was changed in between."""

from __future__ import annotations

import datetime as dt
import threading
from zoneinfo import ZoneInfo

from bulletins_world import at, ms, target

from bot.bulletins.announce import Announcer
from bot.bulletins.model import QuietDate
from bot.store.database import connect

PAGI = "bulletin:pagi:2026-03-02:!ojol"


def replaced(content, **changes):
    return content.model_copy(update=changes)


def with_time(content, slot, time):
    slots = dict(content.slots)
    slots[slot] = slots[slot].model_copy(update={"time": time})
    return replaced(content, slots=slots)


def test_a_slot_is_announced_at_its_minute_and_not_again(station):
    station.tick(at("2026-03-02 06:59"))
    assert [one.sent for one in station.tick(at("2026-03-02 07:00"))] == [True]
    assert station.tick(at("2026-03-02 07:00")) == []
    assert station.tick(at("2026-03-02 07:01")) == []
    assert station.sent() == {PAGI: 1}


def test_within_the_grace_time_it_is_sent_late_and_says_so(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:40"))
    body = station.content_of(PAGI)["body"]
    assert "terlambat 40 menit" in body
    assert station.content_of(PAGI)["m.mentions"] == {}


def test_on_time_it_says_nothing_of_being_late(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:01"))
    assert "terlambat" not in station.content_of(PAGI)["body"]


def test_past_the_grace_time_it_is_recorded_as_skipped(station):
    station.tick(at("2026-03-02 06:00"))
    assert [one.sent for one in station.tick(at("2026-03-02 07:46"))] == [False]
    assert station.rows() == [("pagi", "2026-03-02", "!ojol", "skipped", "missed")]
    assert not station.sent()


def test_a_machine_asleep_over_a_week_records_each_slot_it_slept_through(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-09 06:00"))
    assert len(station.rows()) == 21
    assert {row[3] for row in station.rows()} == {"skipped"}


def test_a_bulletin_after_midnight_belongs_to_the_day_of_its_slot(station):
    station.content = with_time(station.content, "malam", dt.time(23, 50))
    station.tick(at("2026-03-02 23:00"))
    station.tick(at("2026-03-03 00:10"))
    assert "bulletin:malam:2026-03-02:!ojol" in station.sent()


def test_a_new_installation_does_not_report_slots_of_its_past(station):
    assert station.tick(at("2026-03-02 12:00")) == []
    assert station.tick(at("2026-03-02 15:00")) == []
    assert station.rows() == []


def test_a_slot_that_passed_while_the_bot_was_starting_up_for_the_first_time_is_sent(station):
    assert [one.sent for one in station.tick(at("2026-03-02 07:01"))] == [True]


def test_a_new_channel_starts_with_its_next_slot(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:00"))
    station.targets = [target(), target("nelayan")]
    station.tick(at("2026-03-02 12:00"))
    station.tick(at("2026-03-02 15:30"))
    assert [row[:3] for row in station.rows() if row[2] == "!nelayan"] == [("sore", "2026-03-02", "!nelayan")]


def test_a_slot_moved_later_after_it_was_sent_is_not_sent_twice(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:00"))
    station.content = with_time(station.content, "pagi", dt.time(8, 0))
    station.tick(at("2026-03-02 08:00"))
    assert station.sent() == {PAGI: 1}


def test_a_slot_moved_earlier_is_sent_once_within_grace(station):
    station.tick(at("2026-03-02 06:00"))
    station.content = with_time(station.content, "pagi", dt.time(6, 0))
    station.tick(at("2026-03-02 06:30"))
    station.tick(at("2026-03-02 07:00"))
    assert station.sent() == {PAGI: 1}


def test_a_changed_timezone_sends_no_second_bulletin_for_a_date(station):
    station.tick(at("2026-03-02 04:00"))
    station.tick(at("2026-03-02 07:00"))
    station.zone = ZoneInfo("Asia/Jayapura")  # two hours ahead: its morning has passed as well
    station.tick(at("2026-03-02 07:10"))
    station.zone = ZoneInfo("UTC")  # seven hours behind: its morning comes at 14.00
    station.tick(at("2026-03-02 14:00"))
    assert station.sent() == {PAGI: 1}


def test_each_slot_comes_once_on_days_when_the_clocks_change(station):
    """Not in Indonesia, but a clock that skips 02.30 or has it twice must not break the day."""
    station.zone = ZoneInfo("Europe/Berlin")
    station.content = with_time(station.content, "pagi", dt.time(2, 30))
    moment, end = at("2026-03-28 00:00"), at("2026-03-31 00:00")
    while moment < end:
        station.tick(moment)
        moment += dt.timedelta(minutes=15)
    pagi = [row[1] for row in station.rows() if row[0] == "pagi" and row[3] == "queued"]
    assert pagi == ["2026-03-28", "2026-03-29", "2026-03-30"]


def test_a_quiet_date_is_a_recorded_skip_with_its_reason(station):
    quiet = QuietDate(date=dt.date(2026, 3, 2), why="hari berkabung")
    station.content = replaced(station.content, quiet_dates={quiet.date: quiet.why})
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:00"))
    assert station.rows() == [("pagi", "2026-03-02", "!ojol", "skipped", "quiet")]


def test_a_day_off_is_nothing_at_all(station):
    slots = dict(station.content.slots)
    slots["pagi"] = slots["pagi"].model_copy(update={"days": (0, 1, 2, 3, 4)})
    station.content = replaced(station.content, slots=slots)
    station.tick(at("2026-03-01 06:00"))  # a Sunday
    station.tick(at("2026-03-01 07:00"))
    assert station.rows() == []


def test_a_rooms_own_time_counts_for_it_alone(station):
    from bot.bulletins.model import Override

    station.content = replaced(station.content, rooms={"nelayan": {"pagi": Override(time="05:00")}})
    station.targets = [target(), target("nelayan")]
    station.tick(at("2026-03-02 04:00"))
    assert [one.due.target.name for one in station.tick(at("2026-03-02 05:00"))] == ["nelayan"]
    assert [one.due.target.name for one in station.tick(at("2026-03-02 07:00"))] == ["ojol"]


def test_two_instances_at_once_send_one_bulletin(station):
    station.targets = [target(name) for name in ("ojol", "nelayan", "desa-siaga")]
    station.tick(at("2026-03-02 06:00"))
    barrier = threading.Barrier(4)
    announced = []

    def instance() -> None:
        engine = connect(station.url)
        barrier.wait()
        with engine.begin() as connection:
            announced.append(station.announcer.run(connection, ms(at("2026-03-02 07:00"))))
        engine.dispose()

    threads = [threading.Thread(target=instance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(one) for one in announced) == [0, 0, 0, 3]
    assert set(station.sent().values()) == {1}
    assert len(station.sent()) == 3


def test_a_broken_template_silences_its_own_room_alone(station):
    from bot.bulletins.model import Override

    templates = {**station.content.templates, "rusak.md.j2": "{{ tidak_ada }}"}
    rooms = {"nelayan": {"pagi": Override(template="rusak.md.j2")}}
    station.content = replaced(station.content, templates=templates, rooms=rooms)
    station.targets = [target(), target("nelayan")]
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 07:00"))
    assert {row[2]: row[3:] for row in station.rows()} == {"!ojol": ("queued", None), "!nelayan": ("skipped", "broken")}


def test_an_officer_sends_a_skipped_slot_after_all_but_never_a_second_one(station):
    station.tick(at("2026-03-02 06:00"))
    station.tick(at("2026-03-02 09:00"))

    def send():
        with station.engine.begin() as connection:
            return station.announcer.send(connection, "pagi", dt.date(2026, 3, 2), ms(at("2026-03-02 09:05")))

    assert [one.sent for one in send()] == [True]
    assert send() == []
    assert station.rows() == [("pagi", "2026-03-02", "!ojol", "queued", None)]
    assert station.sent() == {PAGI: 1}


def test_a_slot_sent_by_an_officer_beforehand_is_not_sent_again_at_its_time(station):
    station.tick(at("2026-03-02 06:00"))
    with station.engine.begin() as connection:
        assert station.announcer.send(connection, "pagi", dt.date(2026, 3, 2), ms(at("2026-03-02 06:30")))
    assert station.tick(at("2026-03-02 07:00")) == []


def test_each_decision_leaves_an_audit_row(station):
    seen = []
    station.tick(at("2026-03-02 06:00"))
    with station.engine.begin() as connection:
        station.announcer.run(connection, ms(at("2026-03-02 07:00")), lambda *row: seen.append(row))
        station.announcer.run(connection, ms(at("2026-03-02 16:30")), lambda *row: seen.append(row))
    assert [(kind, subject) for kind, subject, _ in seen] == [
        ("bulletin.sent", PAGI),
        ("bulletin.skipped", "bulletin:sore:2026-03-02:!ojol"),
    ]
    assert seen[0][2]["sources"]["used"][0]["name"] == "statistik laporan"


def test_the_announcer_is_a_value(station):
    assert isinstance(station.announcer, Announcer)
    assert station.announcer == station.announcer
