from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import Engine, select, text, update

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import NOON, report

from bot.event import IncomingEvent, Kind
from bot.store import incidents, search, transmissions
from bot.store.tables import incident_links, transcripts
from bot.store.tables import incidents as table

SAID = "banjir di Kalimanggis dekat rumah zebrakuda"


def test_a_withdrawn_report_leaves_kind_and_district_and_no_words(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, SAID)
        connection.execute(update(table).values(location="-6.9,109.9"))
        transmissions.withdrawn(connection, "$text1", NOON)
        entry = incidents.get(connection, number)
        assert (entry.category, entry.district) == ("banjir", "Subah")
        assert (entry.text, entry.places, entry.location) == ("", (), None)
        assert (entry.analysis.text, entry.analysis.evidence, entry.analysis.places) == ("", (), ())
        for word in ("zebrakuda", "kalimanggis", "banjir"):
            assert search.search(connection, word) == []
        assert [hit.incident.id for hit in search.search(connection, "", category="banjir")] == [number]
        stored = str(connection.execute(text("SELECT * FROM incidents")).all())
        assert "zebrakuda" not in stored
        assert "Kalimanggis" not in stored


def test_what_others_reported_takes_its_place(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, SAID)
        _, linked = report(connection, 2, "banjir Kalimanggis sudah sepinggang", at=NOON + 60_000)
        assert linked
        transmissions.withdrawn(connection, "$text1", NOON)
        assert incidents.get(connection, number).text == "banjir Kalimanggis sudah sepinggang"
        assert search.search(connection, "zebrakuda") == []
        assert [hit.incident.id for hit in search.search(connection, "sepinggang")] == [number]


def test_a_further_report_that_is_withdrawn_takes_nothing_from_the_first(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, SAID)
        report(connection, 2, "banjir Kalimanggis sudah sepinggang", at=NOON + 60_000)
        before = incidents.get(connection, number)
        transmissions.withdrawn(connection, "$text2", NOON)
        after = incidents.get(connection, number)
        assert (after.text, after.analysis, after.places) == (before.text, before.analysis, before.places)
        assert search.search(connection, "sepinggang") == []
        assert [hit.incident.id for hit in search.search(connection, "zebrakuda")] == [number]


def test_every_version_loses_its_words_and_stays_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        report(connection, 1, SAID)
        transmissions.corrected(connection, 1, "banjir di Kalimanggis, zebrakuda hanyut", author="@p:x", now=NOON)
        transmissions.withdrawn(connection, "$text1", NOON)
        rows = connection.execute(select(transcripts.c.text, transcripts.c.corrected, transcripts.c.flags)).all()
        assert [tuple(row) for row in rows] == [("", "", ["withdrawn"])] * 2


def test_a_shared_place_stays_while_the_event_that_shared_it_stands(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, SAID)
        place = IncomingEvent("$place", "!ojol:ex.org", "@lain:ex.org", Kind.LOCATION, NOON)
        added = transmissions.add(connection, place, purpose="report", now=NOON)
        connection.execute(
            incident_links.insert().values(
                incident_id=number, transmission_id=added, role="reply", score=1.0, reasons={}, at=NOON
            )
        )
        connection.execute(update(table).values(location="-6.9,109.9"))
        transmissions.withdrawn(connection, "$text1", NOON)
        assert incidents.get(connection, number).location == "-6.9,109.9"
        transmissions.withdrawn(connection, "$place", NOON)
        assert incidents.get(connection, number).location is None


def test_a_shared_place_that_is_withdrawn_goes_from_a_report_that_stands(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, SAID)
        place = IncomingEvent("$place", "!ojol:ex.org", "@budi:ex.org", Kind.LOCATION, NOON)
        added = transmissions.add(connection, place, purpose="report", now=NOON)
        link = {"incident_id": number, "transmission_id": added, "role": "reply", "score": 1.0, "reasons": {}, "at": 1}
        connection.execute(incident_links.insert().values(**link))
        connection.execute(update(table).values(location="-6.9,109.9"))
        transmissions.withdrawn(connection, "$place", NOON)
        entry = incidents.get(connection, number)
        assert (entry.text, entry.location) == (SAID, None)
