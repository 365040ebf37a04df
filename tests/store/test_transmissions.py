from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import NOON, note

from bot.store import notequeue, transmissions
from bot.voice.heard import Heard, Segment

HEARD = Heard(
    "laka di Subah", (Segment(0.0, 2.0, "laka di Subah", 0.9),), 2.5, "id", False, 0.9, ("low_confidence",), 1.0, "base"
)


def test_a_note_is_there_before_anything_is_done_and_only_once(engine: Engine) -> None:
    with engine.begin() as connection:
        first = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert first is not None
        assert transmissions.add(connection, note(1), purpose="report", now=NOON + 5) is None
        assert transmissions.depth(connection) == (1, NOON)
        row = transmissions.get(connection, first)
        assert (row.kind, row.purpose, row.state) == ("voice", "report", "queued")


def test_rooms_take_turns(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            transmissions.add(connection, note(number, "!chatty:ex.org"), purpose="report", now=NOON + number)
        transmissions.add(connection, note(9, "!quiet:ex.org"), purpose="report", now=NOON + 9)
        order = [queued.room_id for queued in notequeue.next_queued(connection, NOON + 10, 6)]
    assert order[:2] == ["!chatty:ex.org", "!quiet:ex.org"]


def test_short_notes_do_not_wait_for_long_ones_of_their_room(engine: Engine) -> None:
    with engine.begin() as connection:
        transmissions.add(connection, note(1, seconds=600), purpose="report", now=NOON)
        transmissions.add(connection, note(2, seconds=4), purpose="report", now=NOON + 1)
        assert [one.event_id for one in notequeue.next_queued(connection, NOON + 2, 5)] == ["$note2", "$note1"]


def test_questions_come_first(engine: Engine) -> None:
    with engine.begin() as connection:
        transmissions.add(connection, note(1), purpose="report", now=NOON)
        transmissions.add(connection, note(2, "!dm:ex.org"), purpose="question", now=NOON + 1)
        assert next(iter(notequeue.next_queued(connection, NOON + 2, 1))).event_id == "$note2"


def test_a_postponed_note_waits_for_its_time(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        transmissions.postponed(connection, number, "server down", NOON + 1000)
        assert notequeue.next_queued(connection, NOON + 999, 5) == []
        (queued,) = notequeue.next_queued(connection, NOON + 1000, 5)
        assert (queued.attempts, queued.crashes) == (1, 0)


def test_crashes_are_counted_apart_from_attempts(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        assert transmissions.crashed(connection, number, NOON) == 1
        assert transmissions.crashed(connection, number, NOON) == 2
        assert notequeue.next_queued(connection, NOON, 5)[0].attempts == 0


def test_what_was_heard_is_version_one_and_a_correction_version_two(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        transmissions.heard(connection, number, HEARD, now=NOON + 10)
        transmissions.corrected(connection, number, "laka di Tulis", author="@petugas:ex.org", now=NOON + 20)
        newest, first = transmissions.versions(connection, number)
        assert (newest.version, newest.text, newest.author) == (2, "laka di Tulis", "@petugas:ex.org")
        assert (first.version, first.text, first.flags, first.author) == (1, "laka di Subah", ("low_confidence",), None)
        assert transmissions.depth(connection) == (0, 0)


def test_an_unreadable_note_stays_in_the_log(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        transmissions.unreadable(connection, number, "empty", now=NOON + 1)
        assert transmissions.get(connection, number).state == "unreadable"
        assert notequeue.next_queued(connection, NOON + 2, 5) == []


def test_a_withdrawn_note_loses_its_words_but_not_its_row(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        transmissions.fetched(connection, number, "abc", "f" * 64, 10)
        transmissions.heard(connection, number, HEARD, now=NOON + 10)
        before = transmissions.withdrawn(connection, "$note1", NOON + 20)
        assert before is not None
        assert before.media_path == "abc"
        assert transmissions.get(connection, number).state == "withdrawn"
        assert transmissions.versions(connection, number)[0].text == ""
        assert transmissions.withdrawn(connection, "$note1", NOON + 30) is None


def test_a_transcript_that_comes_after_the_withdrawal_does_not_bring_it_back(engine: Engine) -> None:
    with engine.begin() as connection:
        number = transmissions.add(connection, note(1), purpose="report", now=NOON)
        assert number is not None
        transmissions.withdrawn(connection, "$note1", NOON + 1)
        assert transmissions.heard(connection, number, HEARD, now=NOON + 2) is None
        assert transmissions.get(connection, number).state == "withdrawn"
        assert all(version.text == "" for version in transmissions.versions(connection, number))


def test_an_unknown_number_is_told(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(LookupError):
        transmissions.get(connection, 99)
