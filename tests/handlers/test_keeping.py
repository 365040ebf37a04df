"""Recordings that an officer keeps: on the card, in the history, through the night, and when their reporter asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from casework_world import ANI, bodies, deliver, shown, staffed, steps
from handlers_world import DIRECT, NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select, update

from bot.event import IncomingEvent, Trust
from bot.handlers import forgetting
from bot.handlers.desk import Desk
from bot.incidents.lifecycle import Status
from bot.store import incidents, keepings
from bot.store.night import Night
from bot.store.tables import keepings as table
from bot.store.tables import transmissions

DAY = 86_400_000
WARGA = "@warga:batang.test"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine, desk: Desk) -> IncomingEvent:
    """A report with a recording in the data folder."""
    report = event("kecelakaan di desa Plelen, dua orang luka", room=OJOL, sender=WARGA)
    await take(report)
    deliver(engine)
    recording(desk).parent.mkdir(parents=True, exist_ok=True)
    recording(desk).write_bytes(b"OggS")
    with engine.begin() as connection:
        connection.execute(update(transmissions).values(media_path="audio/note.ogg", kind="voice"))
    return report


def recording(desk: Desk) -> Path:
    return desk.config.data_dir / "audio" / "note.ogg"


def night(engine: Engine, desk: Desk, now: int) -> None:
    work = Night(desk.auditor, desk.config.retention, desk.config.data_dir, version="v", now=now)
    with engine.begin() as connection:
        while work.go_on(connection):
            pass


def close(engine: Engine, status: Status = Status.SELESAI) -> None:
    with engine.begin() as connection:
        incidents.change_status(connection, 1, status, actor=ANI, reason=None, event_id=None, now=NOW)


async def test_kept_until_a_day_it_outlives_its_days_and_goes_after_it(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, desk: Desk
) -> None:
    await take(order("simpan rekaman 90 hari: penyidikan curanmor"))
    assert "🗄️ Rekaman disimpan sampai" in shown(engine, OPERATIONS)
    assert "penyidikan curanmor" in shown(engine, OPERATIONS)
    last = steps(engine)[-1]
    assert (last.actor, last.action, last.reason) == (ANI, "kept", "penyidikan curanmor")
    assert "incident.order" in audited(engine)
    close(engine)
    night(engine, desk, NOW + 89 * DAY)
    assert recording(desk).exists()
    night(engine, desk, NOW + 92 * DAY)
    assert not recording(desk).exists()
    assert steps(engine)[-1].action == "released"


async def test_kept_until_it_is_closed_it_goes_with_the_next_night(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, desk: Desk
) -> None:
    await take(order("simpan rekaman: penyidikan"))
    assert "sampai laporan ini selesai" in shown(engine, OPERATIONS)
    night(engine, desk, NOW + 400 * DAY)
    assert recording(desk).exists()
    close(engine)
    night(engine, desk, NOW + 401 * DAY)
    assert not recording(desk).exists()


async def test_without_a_word_recordings_go_after_their_days_though_it_is_open(
    reported: IncomingEvent, engine: Engine, desk: Desk
) -> None:
    night(engine, desk, NOW + 31 * DAY)
    assert not recording(desk).exists()


async def test_let_go_it_has_its_usual_days_again(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, desk: Desk
) -> None:
    await take(order("simpan rekaman 90 hari: penyidikan"), order("lepas rekaman: perkara dihentikan"))
    assert "🗄️" not in shown(engine, OPERATIONS)
    assert (steps(engine)[-1].action, steps(engine)[-1].reason) == ("released", "perkara dihentikan")
    night(engine, desk, NOW + 31 * DAY)
    assert not recording(desk).exists()
    await take(order("lepas rekaman"))
    assert "tidak sedang disimpan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_later_word_replaces_the_earlier(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("simpan rekaman 90 hari: satu"), order("simpan rekaman 10 hari: dua"))
    with engine.connect() as connection:
        one = keepings.current(connection, 1, NOW)
        assert one is not None
        assert one.reason == "dua"
        assert keepings.current(connection, 1, NOW + 12 * DAY) is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("simpan rekaman sampai 01.01.2020: dulu", "sudah lewat"),
        ("simpan rekaman sampai 01.01.2099: lama", "sudah lewat"),
        ("simpan rekaman 90 hari", "perlu sebabnya"),
    ],
)
async def test_what_makes_no_sense_keeps_nothing(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, words: str, why: str
) -> None:
    await take(order(words))
    assert why in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    with engine.connect() as connection:
        assert connection.scalar(select(table.c.id)) is None


async def test_a_closed_one_needs_a_day_and_a_written_one_has_nothing_to_keep(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    close(engine)
    await take(order("simpan rekaman: penyidikan"))
    assert "Sebut lamanya" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    with engine.begin() as connection:
        connection.execute(update(transmissions).values(media_path=None))
    await take(order("simpan rekaman 3 hari: penyidikan"))
    assert "Tidak ada rekaman" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_only_an_officers_proven_device_keeps_anything(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    await take(order("simpan rekaman 90 hari: uji", trust=Trust.UNPROVEN))
    await take(order("simpan rekaman 90 hari: uji", sender="@tamu:batang.test"))
    with engine.connect() as connection:
        assert connection.scalar(select(table.c.id)) is None


async def test_who_asks_to_be_forgotten_hears_what_is_kept_as_evidence_until_when_and_it_goes_afterwards(
    reported: IncomingEvent, take: Take, order: Event, event: Event, engine: Engine, desk: Desk
) -> None:
    await take(order("simpan rekaman 90 hari: penyidikan"))
    close(engine)
    for words in ("hapus data saya", "ya, hapus"):
        await take(event(words, room=DIRECT, sender=WARGA, trust=Trust.DEVICE))
    said = " ".join((row["content"] or {}).get("body", "") for row in sent(engine, DIRECT))
    assert "disimpan sebagai bukti sampai" in said
    assert "pasal 15" in said
    assert "masih ditangani polisi" not in said
    assert recording(desk).exists()
    with engine.begin() as connection:
        assert forgetting.resume(connection, desk, NOW + 80 * DAY) == 0
        assert forgetting.resume(connection, desk, NOW + 92 * DAY) == 1
    assert not recording(desk).exists()


async def test_a_report_that_is_split_off_stays_kept(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, event: Event
) -> None:
    await take(event("kecelakaan di desa Plelen, motor sama truk", room=OJOL, sender="@lain:batang.test"))
    deliver(engine)
    await take(order("simpan rekaman 90 hari: penyidikan"), order("pisah 2"))
    with engine.connect() as connection:
        assert set(keepings.in_force(connection, (1, 2), NOW + DAY)) == {1, 2}
