"""What officers ask to see under a card: the history, and what is hidden everywhere else."""

from __future__ import annotations

import pytest
from casework_world import ANI, BUDI, REPORTER, React, bodies, deliver, incident, staffed, steps
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Trust
from bot.handlers import dossier
from bot.handlers.desk import Desk
from bot.store.database import Database
from bot.store.tables import audit, audit_payloads

THEFT = "motor saya dicuri di desa Plelen, pelatnya G 4821 QX, telepon saya 0812 3456 7890"
MINUTE = 60_000


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return staffed(desk)


@pytest.fixture
async def reported(take: Take, event: Event, engine: Engine) -> IncomingEvent:
    report = event(THEFT, room=OJOL, sender=REPORTER)
    await take(report)
    deliver(engine)
    return report


def gone(engine: Engine, key: str) -> bool:
    """Whether one of our messages was taken back."""
    return any(row["key"] == f"{key}:redacted" for row in sent(engine))


def payloads(engine: Engine, kind: str) -> list[dict[str, object]]:
    with engine.connect() as connection:
        rows = connection.execute(select(audit_payloads.c.payload).join(audit).where(audit.c.kind == kind))
        return [row.payload for row in rows]


async def test_the_history_says_who_did_what_when_and_why_with_every_version(
    reported: IncomingEvent, take: Take, react: React, order: Event, engine: Engine
) -> None:
    await take(react("👀"), order("koreksi motor dicuri di desa Sembung, pelat G 4821 QX", BUDI))
    await take(order("catatan korban ditelepon di 0812 3456 7890"))
    ask = order("riwayat")
    await take(ask)
    [answer] = [row["content"] for row in sent(engine, OPERATIONS) if row["key"] == f"reply:{ask.event_id}"]
    body = answer["body"]
    assert answer["m.relates_to"]["event_id"] == "outbox:card:1"
    for part in ("Riwayat #1", "ditinjau", "@ani", "@budi", "versi 1", "versi 2", "Sembung", "catatan: korban"):
        assert part in body
    for secret in ("4821", "3456", REPORTER):
        assert secret not in body
    assert "<table" not in answer["formatted_body"]
    assert payloads(engine, "incident.read") == [{"incident": 1, "officer": ANI, "found": [1]}]


async def test_reading_changes_nothing_and_is_no_step_of_the_history(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    before = steps(engine)
    await take(order("riwayat"))
    assert steps(engine) == before
    assert not [row for row in sent(engine) if ":edit:" in row["key"]]


async def test_a_history_goes_when_the_words_in_it_are_withdrawn(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    ask = order("riwayat")
    await take(ask)
    deliver(engine)
    await take(withdraw(reported, REPORTER, room=OJOL))
    assert gone(engine, f"reply:{ask.event_id}")


async def test_evidence_shows_numbers_and_plates_for_a_while_to_a_proven_device_and_is_noted(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    ask = order("bukti")
    await take(ask)
    [body] = bodies(engine, OPERATIONS, "card:1:evidence:")
    assert "G 4821 QX" in body
    assert "0812 3456 7890" in body
    assert REPORTER not in body
    assert (steps(engine)[-1].action, steps(engine)[-1].actor) == ("evidence", ANI)
    [payload] = payloads(engine, "incident.evidence")
    assert (payload["officer"], payload["incident"], payload["reports"]) == (ANI, 1, [1])
    assert "4821" not in str(payload)
    key = f"card:1:evidence:{ask.event_id}:1"
    deliver(engine)
    assert await database.run(lambda connection: dossier.expire(connection, desk, NOW + 9 * MINUTE)) == 0
    assert not gone(engine, key)
    assert await database.run(lambda connection: dossier.expire(connection, desk, NOW + 10 * MINUTE)) == 1
    assert gone(engine, key)
    assert await database.run(lambda connection: dossier.expire(connection, desk, NOW + 60 * MINUTE)) == 0
    assert not any("4821" in str(row["content"]) for row in sent(engine, OPERATIONS))


async def test_evidence_goes_at_once_when_the_report_is_withdrawn(
    reported: IncomingEvent, take: Take, order: Event, withdraw: React, engine: Engine
) -> None:
    ask = order("bukti")
    await take(ask)
    deliver(engine)
    await take(withdraw(reported, REPORTER, room=OJOL))
    assert gone(engine, f"card:1:evidence:{ask.event_id}:1")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"encrypted_room": False}, "tidak terenkripsi"),
        ({"encrypted_room": False, "trust": Trust.UNPROVEN}, "tidak terenkripsi"),
        ({"trust": Trust.UNPROVEN}, "belum dikenal"),
        ({"sender": "@tamu:batang.test"}, "petugas"),
    ],
)
async def test_evidence_is_refused_with_the_reason_and_the_refusal_is_noted(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine, values: dict[str, object], why: str
) -> None:
    await take(order("bukti", **values))
    assert bodies(engine, OPERATIONS, "card:1:evidence:") == []
    [word] = bodies(engine, OPERATIONS, "card:1:word:")
    assert why in word
    assert "4821" not in word
    assert audited(engine)[-1] in ("incident.evidence_refused", "incident.refused")
    assert "evidence" not in [step.action for step in steps(engine)]


async def test_where_nothing_is_hidden_the_card_is_all_there_is(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("banjir di desa Plelen setinggi lutut", room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("bukti"))
    assert "apa adanya" in bodies(engine, OPERATIONS, "card:1:word:")[-1]


async def test_a_slip_in_an_order_that_shows_something_is_not_sent_to_the_reporter(
    reported: IncomingEvent, take: Take, order: Event, engine: Engine
) -> None:
    before = len(sent(engine, OJOL))
    await take(order("riwayta"))
    assert len(sent(engine, OJOL)) == before
    assert "riwayat" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert incident(engine).status.value == "baru"
