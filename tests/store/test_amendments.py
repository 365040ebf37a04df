"""What officers change about an entry, and what of it can be taken back."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import Connection, Engine

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import ANALYSER, NOON, report

from bot.incidents.lifecycle import Status
from bot.incidents.rules import Urgency
from bot.store import amendments, incidents, transmissions

OFFICER, MINUTE = "@petugas:ex.org", 60_000


def close(connection: Connection, number: int, status: Status, reason: str | None = None) -> None:
    incidents.change_status(
        connection, number, status, actor=OFFICER, reason=reason, event_id=f"${number}{status}", now=NOON
    )


def test_a_report_belongs_to_the_open_one_of_two_incidents(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "laka di Cilubah")
        second, _ = report(connection, 2, "kebakaran rumah di Desa Clapar")
        [link] = incidents.links(connection, second)
        assert amendments.of_transmission(connection, link.transmission_id) == second
        close(connection, second, Status.DUPLIKAT, f"#{first}")
        assert amendments.merge(connection, second, first, actor=OFFICER, now=NOON) == [link.transmission_id]
        assert amendments.merge(connection, second, first, actor=OFFICER, now=NOON) == []
        assert amendments.of_transmission(connection, link.transmission_id) == first
        amendments.unmerge(connection, second, first, actor=OFFICER, now=NOON)
        assert amendments.of_transmission(connection, link.transmission_id) == second
        assert incidents.get(connection, first).reports == 1


def test_a_split_report_keeps_the_score_that_linked_it(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "laka truk di Cilubah")
        report(connection, 2, "kecelakaan di tanjakan Cilubah", at=NOON + 5 * MINUTE)
        link = incidents.links(connection, number)[1]
        new = amendments.split(
            connection, number, link, ANALYSER.analyse(link.text), version="v1", actor=OFFICER, event_id="$s", now=NOON
        )
        assert [one.transmission_id for one in incidents.links(connection, new)] == [link.transmission_id]
        assert [one.transmission_id for one in incidents.links(connection, number)] != [link.transmission_id]
        step = next(one for one in incidents.history(connection, number) if one.action == "split")
        assert (step.before, step.after, step.reason) == (str(link.transmission_id), str(new), f"score {link.score}")


def test_false_reports_and_many_reports_are_counted_by_person(engine: Engine) -> None:
    with engine.begin() as connection:
        for number, village in enumerate(("Clapar", "Sojomerto", "Kalimanggis"), 1):
            report(connection, number, f"kebakaran rumah di Desa {village}", at=NOON + number * MINUTE)
        assert amendments.false_from(connection, "@budi:ex.org") == 0
        close(connection, 1, Status.PALSU)
        assert amendments.false_from(connection, "@budi:ex.org") == 1
        assert amendments.false_from(connection, "@lain:ex.org") == 0
        counted = amendments.reports_from(connection, "@budi:ex.org", since=NOON + 2 * MINUTE, until=NOON + 3 * MINUTE)
        assert counted == 1


def test_a_correction_never_lowers_urgency_by_itself_and_a_person_may(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "laka di Cilubah, korban tidak sadar")
        [link] = incidents.links(connection, number)
        text = "laka di Cilubah, lecet saja"
        amendments.correct(
            connection,
            number,
            link.transmission_id,
            text,
            ANALYSER.analyse(text),
            author=OFFICER,
            event_id="$c",
            now=NOON,
        )
        assert incidents.get(connection, number).urgency == "darurat"
        assert incidents.get(connection, number).text == text
        amendments.set_urgency(connection, number, Urgency.INFO, actor=OFFICER, event_id="$u", now=NOON)
        assert incidents.get(connection, number).urgency == "info"
        assert transmissions.versions(connection, link.transmission_id)[0].text == text


def test_related_incidents_are_known_on_both_sides_once(engine: Engine) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, "laka di Cilubah")
        second, _ = report(connection, 2, "kebakaran rumah di Desa Clapar")
        assert amendments.relate(connection, first, second, actor=OFFICER, event_id="$r", now=NOON)
        assert not amendments.relate(connection, second, first, actor=OFFICER, event_id="$q", now=NOON)
        assert (amendments.related(connection, first), amendments.related(connection, second)) == ([second], [first])
