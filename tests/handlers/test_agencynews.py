"""What agencies have been told stays true: corrections where it stands and aloud, how it ended once each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, CRASH, POSKO, REPORTER, React, deliver, incident, staffed
from handlers_world import OJOL, Event, Take, sent
from sqlalchemy import Engine

from bot.event import IncomingEvent, Kind
from bot.handlers.desk import Desk

OTHER = "@lain:batang.test"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.fixture
async def forwarded(take: Take, event: Event, order: Event, engine: Engine) -> IncomingEvent:
    report = event(CRASH, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    await take(order("teruskan BPBD"))
    deliver(engine)
    return report


def heard(engine: Engine) -> list[str]:
    """What the agency's room was told beside the report itself, in order."""
    rows = sent(engine, POSKO)
    kinds = (":changed:", ":told:", ":gone:")
    return [row["content"]["body"] for row in rows if row["content"] and any(kind in row["key"] for kind in kinds)
            and row["action"] == "event"]  # fmt: skip


def edits(engine: Engine) -> list[str]:
    """What the report said after each of its edits."""
    rows = [row for row in sent(engine, POSKO) if ":edit:" in row["key"] and row["action"] == "event"]
    return [row["content"]["m.new_content"]["body"] for row in rows]


@pytest.mark.parametrize(
    ("words", "says", "aloud"),
    [
        ("lokasi desa Sembung", "Sembung", True),
        ("kategori medis", "Medis", True),
        ("urgensi info", "INFO", True),
        ("koreksi kecelakaan di desa Plelen, dua orang luka berat", "luka berat", False),
    ],
)
async def test_a_correction_reaches_the_agency_where_it_reads_the_report(
    forwarded: IncomingEvent, take: Take, order: Event, engine: Engine, words: str, says: str, aloud: bool
) -> None:
    one = order(words)
    await take(one, one)
    [now_says] = edits(engine)
    assert says.casefold() in now_says.casefold()
    assert "reaksi atau balasan" in now_says.casefold()
    assert REPORTER not in json.dumps(sent(engine, POSKO), default=str)
    said = heard(engine)
    assert len(said) == aloud, "an edit rings no phone: what sends somebody elsewhere is said as well"
    assert all(says.casefold() in one.casefold() for one in said)


async def test_what_changes_nothing_for_the_agency_is_not_said(
    forwarded: IncomingEvent, take: Take, order: Event, react: React, engine: Engine
) -> None:
    await take(order("catatan keluarga sudah dihubungi"), react("🚓"), order("ambil alih", sender="@budi:batang.test"))
    assert edits(engine) == []
    assert heard(engine) == []


@pytest.mark.parametrize(
    ("ends", "says"),
    [("selesai", "selesai ditangani"), ("gabung #2", "sama dengan #2")],
)
async def test_how_it_ended_is_told_once_and_that_it_goes_on_after_all(
    forwarded: IncomingEvent, take: Take, event: Event, order: Event, engine: Engine, ends: str, says: str
) -> None:
    await take(event("banjir di desa Kuripan", room=OJOL, sender=OTHER))
    deliver(engine)
    await take(order(ends))
    deliver(engine)
    await take(order("catatan sudah dicek"), order("lokasi desa Plelen"))
    assert len(heard(engine)) == 1
    assert says in heard(engine)[0]
    await take(order("buka lagi"))
    assert "dibuka lagi" in heard(engine)[1]
    await take(order(ends))
    assert says in heard(engine)[2]
    assert len(heard(engine)) == 3


async def test_false_alarms_are_called_off_and_the_officers_reason_stays_in_the_house(
    forwarded: IncomingEvent, take: Take, order: Event, react: React, withdraw: React, engine: Engine
) -> None:
    await take(order("buka lagi"))  # back to the officers, so that it can be found false
    false = order("palsu: pelapornya anak Pak Wiryawan")
    await take(false)
    deliver(engine)
    assert "ternyata palsu" in heard(engine)[0]
    assert "Wiryawan" not in json.dumps(sent(engine, POSKO), default=str)
    await take(withdraw(false))
    assert "dibuka lagi" in heard(engine)[-1]


async def test_a_withdrawn_report_is_withdrawn_there_and_they_hear_it_once(
    forwarded: IncomingEvent, take: Take, withdraw: React, engine: Engine
) -> None:
    gone = withdraw(forwarded, REPORTER, OJOL)
    await take(gone, gone)
    assert [one for one in heard(engine) if "ditarik pengirimnya" in one] == heard(engine)
    assert len(heard(engine)) == 1
    assert "Plelen" not in json.dumps(sent(engine, POSKO), default=str)


async def test_what_other_people_reported_stands_again_when_the_first_report_goes(
    forwarded: IncomingEvent, take: Take, event: Event, order: Event, withdraw: React, engine: Engine
) -> None:
    await take(event("kecelakaan motor di Plelen pak, korbannya dua", room=OJOL, sender=OTHER))
    await take(order("teruskan BPBD"))
    deliver(engine)
    await take(withdraw(forwarded, REPORTER, OJOL))
    deliver(engine)
    [again] = [row for row in sent(engine, POSKO) if ":again:" in row["key"]]
    assert "korbannya dua" in again["content"]["body"]
    assert "laporan lain tentang kejadian ini tetap" in heard(engine)[0]
    await take(order("lokasi desa Sembung"))
    [edit] = [row for row in sent(engine, POSKO) if row["key"].startswith(f"{again['key']}:edit:")]
    assert "Sembung" in edit["content"]["m.new_content"]["body"]


async def test_what_became_private_is_taken_back_with_all_that_was_said_of_it(
    forwarded: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("lokasi desa Sembung"))
    deliver(engine)
    await take(order("pribadi"))
    rows = sent(engine, POSKO)
    gone = {row["content"]["event_id"].removeprefix("outbox:") for row in rows if row["action"] == "redaction"}
    assert {row["key"] for row in rows if row["action"] == "event"} <= gone
    before = len(sent(engine, POSKO))
    await take(order("lokasi desa Plelen"), order("selesai"))
    assert len(sent(engine, POSKO)) == before


async def test_an_edited_report_and_what_a_further_one_teaches_reach_the_agency(
    forwarded: IncomingEvent, take: Take, event: Event, engine: Engine
) -> None:
    await take(event("kecelakaan di desa Plelen, satu orang luka", room=OJOL, sender=REPORTER, kind=Kind.EDIT,
                     target=forwarded.event_id))  # fmt: skip
    assert "satu orang luka" in edits(engine)[-1]
    assert incident(engine).status == "diteruskan"
