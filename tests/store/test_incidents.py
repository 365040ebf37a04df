from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import ANALYSER, NOON, report

from bot.incidents.lifecycle import Status, TransitionError, standing
from bot.store import incidents, transmissions

MINUTE = 60_000
OFFICER = "@petugas:ex.org"


def test_a_report_opens_an_incident_with_its_history(engine: Engine) -> None:
    with engine.begin() as connection:
        number, linked = report(connection, 1, "laka di Cilubah, korban tergeletak")
        assert not linked
        incident = incidents.get(connection, number)
        assert (incident.category, incident.urgency, incident.district) == ("laka_lantas", "darurat", "Subah")
        assert (incident.status, incident.opened_at, incident.reports) == (Status.BARU, NOON, 1)
        assert [step.action for step in incidents.history(connection, number)] == ["opened", "linked"]


def test_a_second_report_of_the_same_thing_is_linked_not_dropped(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "laka truk di Cilubah")
        second, linked = report(connection, 2, "kecelakaan di tanjakan Cilubah", at=NOON + 5 * MINUTE)
        assert (second, linked) == (first, True)
        one, two = incidents.links(connection, first)
        assert (one.event_id, two.event_id) == ("$text1", "$text2")
        assert two.role == "report"
        assert 0.65 <= two.score < 1
        assert two.reasons["place"] == 1
        assert two.by is None


def test_another_place_opens_another_incident(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "kebakaran rumah di Desa Clapar")
        second, linked = report(connection, 2, "kebakaran rumah di Desa Sojomerto")
        assert not linked
        assert second != first


def test_an_update_is_linked_as_one(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "kebakaran di Sojomerto")
        report(connection, 2, "update kebakaran Sojomerto, api sudah padam", at=NOON + 60 * MINUTE)
        assert [link.role for link in incidents.links(connection, first)] == ["report", "update"]


def test_an_update_of_something_unknown_opens_its_own_entry(engine: Engine) -> None:
    with engine.begin() as connection:
        number, linked = report(connection, 1, "update kebakaran Sojomerto, api sudah padam")
        assert not linked
        assert incidents.get(connection, number).category == "pembaruan"


def test_a_graver_report_raises_the_urgency_and_says_so(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "laka motor di Cilubah, lecet saja")
        assert incidents.get(connection, number).urgency == "segera"
        report(connection, 2, "laka di Cilubah, korban tidak sadar", at=NOON + MINUTE)
        assert incidents.get(connection, number).urgency == "darurat"
        steps = [(step.action, step.before, step.after) for step in incidents.history(connection, number)]
        assert ("urgency", "segera", "darurat") in steps
        report(connection, 3, "laka di Cilubah, lecet saja", at=NOON + 2 * MINUTE)
        assert incidents.get(connection, number).urgency == "darurat"


def test_taken_up_twice_is_taken_up_once(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "laka di Cilubah")
        row = transmissions.by_event(connection, "$text1")
        assert row is not None
        again = incidents.take_up(
            connection,
            ANALYSER.analyse("laka di Cilubah"),
            row.id,
            text="laka di Cilubah",
            room_id=row.room_id,
            version="v1",
            at=NOON,
            now=NOON,
        )
        assert again == (number, True)
        assert incidents.get(connection, number).reports == 1
        assert len(incidents.history(connection, number)) == 2


def test_a_closed_incident_takes_no_further_reports(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "laka di Cilubah")
        incidents.change_status(
            connection, first, Status.SELESAI, actor=OFFICER, reason=None, event_id="$r", now=NOON + MINUTE
        )
        second, linked = report(connection, 2, "laka di Cilubah", at=NOON + 2 * MINUTE)
        assert not linked
        assert second != first


def test_a_status_is_changed_by_a_person_with_time_and_reason(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "banjir di Kalimanggis")
        claimed = incidents.change_status(
            connection, number, Status.DITINJAU, actor=OFFICER, reason=None, event_id="$a", now=NOON + 1
        )
        assert claimed.claimed_by == OFFICER
        incidents.change_status(
            connection, number, Status.DITERUSKAN, actor=OFFICER, reason="BPBD", event_id="$b", now=NOON + 2
        )
        last = incidents.history(connection, number)[-1]
        assert (last.actor, last.before, last.after) == (OFFICER, "ditinjau", "diteruskan")
        assert (last.reason, last.event_id, last.at) == ("BPBD", "$b", NOON + 2)


def test_an_impossible_step_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "banjir di Kalimanggis")
        with pytest.raises(TransitionError):
            incidents.change_status(
                connection, number, Status.DITERUSKAN, actor=OFFICER, reason=None, event_id=None, now=NOON
            )
        assert incidents.get(connection, number).status is Status.BARU
        assert len(incidents.history(connection, number)) == 2


def test_an_unknown_number_is_told(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(LookupError, match="nomor 99"):
        incidents.get(connection, 99)


OFFICERS = ("@ani:ex.org", "@budi:ex.org")
DEEDS = st.one_of(
    st.tuples(st.just("status"), st.sampled_from(OFFICERS), st.sampled_from(sorted(Status))),
    st.tuples(st.just("undo"), st.sampled_from(OFFICERS), st.integers(0, 9)),
    st.tuples(st.just("claim"), st.sampled_from(OFFICERS), st.none()),
    st.tuples(st.just("reopen"), st.none(), st.none()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, max_size=12))
def test_whatever_officers_do_and_undo_the_entry_stands_where_its_history_leads(
    engine: Engine, deeds: list[tuple[str, str | None, object]]
) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        number, _ = report(connection, 1, "laka di Cilubah")
        lines = len(incidents.history(connection, number))
        for at, (deed, actor, what) in enumerate(deeds):
            event_id, now = f"$deed{at}", NOON + at
            if deed == "status":
                with contextlib.suppress(TransitionError):
                    incidents.change_status(
                        connection, number, Status(str(what)), actor=str(actor), reason="x", event_id=event_id, now=now
                    )
            elif deed == "undo":
                incidents.undo(connection, number, f"$deed{what}", actor=str(actor), event_id=event_id, now=now)
            elif deed == "claim":
                incidents.claim(connection, number, actor=str(actor), event_id=event_id, now=now)
            else:
                incidents.reopen(connection, number, event_id=event_id, now=now)
            history = incidents.history(connection, number)
            assert len(history) >= lines, "the history only grows"
            lines = len(history)
            incident, stands = incidents.get(connection, number), standing(history)
            assert (incident.status, incident.claimed_by) == (stands.status, stands.claimed_by)
        transaction.rollback()


def test_a_step_is_known_by_the_event_that_made_it(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "laka di Cilubah")
        incidents.change_status(
            connection, number, Status.DITINJAU, actor=OFFICER, reason=None, event_id="$a", now=NOON + 1
        )
        assert incidents.of_step(connection, "$a") == (number, "status")
        assert incidents.of_step(connection, "$b") is None
