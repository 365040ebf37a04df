"""Every column that can hold something about a person is named with what becomes of it, and the purge does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    select,
    text,
    update,
)

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import NOON, report

from bot.config import Retention
from bot.incidents.lifecycle import Status
from bot.store import aging, erasure_requests, incidents, retention, search, transmissions
from bot.store.audit import Auditor
from bot.store.erasure import GONE
from bot.store.night import Erased, Night
from bot.store.personal import ERASED, KEPT
from bot.store.tables import (
    blocks,
    erasures,
    inbox,
    incident_history,
    incident_links,
    metadata,
    notices,
    tickets,
    transcripts,
)
from bot.store.tables import incidents as log
from bot.store.tables import transmissions as notes

AUDITOR = Auditor(b"k" * 32)
DAY = retention.DAY_MS
SECRET = "zebrakuda"
YEARS = NOON + 1200 * DAY
_IDS = frozenset(("sender", "user_id", "actor", "by", "ended_by", "closed_by", "author", "claimed_by", "who", "second"))
"""Columns of type String that hold somebody's id."""


def undecided(schema: MetaData) -> Iterator[str]:
    """Tables and columns of which nobody has said what becomes of them."""
    for table in schema.sorted_tables:
        if table.name not in ERASED and table.name not in KEPT:
            yield f"{table.name}: not named in bot.store.personal"
            continue
        named = ERASED.get(table.name, frozenset()) | set(KEPT.get(table.name, {}))
        for column in table.columns:
            free = isinstance(column.type, JSON | Text) or column.name in _IDS
            if free and column.name not in named:
                yield f"{table.name}.{column.name}: erased when, or kept why? (bot.store.personal)"


def test_every_table_and_column_is_decided() -> None:
    assert list(undecided(metadata)) == []


def test_a_new_table_or_column_nobody_thought_of_is_found() -> None:
    schema = MetaData()
    Table("diaries", schema, Column("id", Integer, primary_key=True), Column("words", Text))
    Table("gaps", schema, Column("id", Integer), Column("story", Text), Column("at", BigInteger), Column("x", Float))
    Table("heartbeats", schema, Column("who", String), Column("name", String))
    assert [one.split(":")[0] for one in undecided(schema)] == ["diaries", "gaps.story", "heartbeats.who"]


def test_what_is_named_exists() -> None:
    for table, columns in [*ERASED.items(), *((name, frozenset(kept)) for name, kept in KEPT.items())]:
        assert table in metadata.tables
        assert columns <= set(metadata.tables[table].columns.keys()), table
    assert not any(ERASED[table] & set(KEPT.get(table, {})) for table in ERASED)


def purge(connection: Connection, folder: Path, now: int = YEARS) -> Erased:
    night = Night(AUDITOR, Retention(), folder, version="v", now=now)
    while night.go_on(connection):
        pass
    return night.erased


@pytest.fixture
def old(engine: Engine) -> Engine:
    """A row in every table with something in every column that is to be erased."""
    with engine.begin() as connection:
        number, _ = report(connection, 1, f"banjir di Kalimanggis {SECRET}")
        transmissions.corrected(connection, 1, f"{SECRET} lagi", author=f"@{SECRET}:x", now=NOON)
        for status, reason in ((Status.DITINJAU, SECRET), (Status.SELESAI, SECRET)):
            incidents.change_status(
                connection, number, status, actor=f"@{SECRET}:x", reason=reason, event_id=None, now=NOON
            )
        connection.execute(update(log).values(claimed_by=f"@{SECRET}:x", location="-6.9,109.9"))
        connection.execute(
            update(notes).values(media={"url": SECRET}, media_sha256=SECRET, error=SECRET, sender=f"@{SECRET}:x")
        )
        connection.execute(update(incident_links).values(by=f"@{SECRET}:x"))
        connection.execute(
            incident_history.insert().values(
                incident_id=number, at=NOON, actor=f"@{SECRET}:x", action="noted", before=SECRET, after=SECRET
            )
        )
        written = {
            "inbox": {
                "event_id": "$e", "room_id": "!r", "kind": "text", "sent_at": NOON, "received_at": NOON,
                "state": "done",
            },
            "outbox": {
                "key": f"privacy:@{SECRET}:x", "txn_id": "t", "room_id": "!r", "action": "event", "type": "m",
                "priority": 1, "state": "sent", "created_at": NOON,
            },
            "conversations": {"room_id": "!r", "updated_at": NOON},
            "tickets": {
                "event_id": "$t", "room_id": "!r", "reason": "asked", "state": "closed", "opened_at": NOON,
                "updated_at": NOON,
            },
            "notices": {"notice": "privacy", "at": NOON},
            "blocks": {"incident_id": number, "since_at": NOON, "until_at": NOON + DAY},
            "keepings": {"incident_id": number, "since_at": NOON, "until_at": NOON + DAY},
            "erasures": {"event_id": "$x", "room_id": "!r", "state": "asked", "kept": [], "asked_at": NOON},
            "members": {"room_id": "!r", "membership": "leave", "since_at": NOON},
            "acts": {"kind": "mute", "since_at": NOON, "ended_at": NOON + DAY},
            "strikes": {"room_id": "!r", "protection": "flood", "event_id": "$f", "at": NOON},
            "remarks": {"at": NOON},
            "confirmations": {
                "event_id": "$c", "room_id": "!r", "code": "1234", "state": "void", "at": NOON, "until_at": NOON,
            },
            "complaints": {"event_id": "$f", "room_id": "!r", "state": "done", "at": NOON},
            "complainants": {"complaint_id": 1, "source": "reaction", "at": NOON},
            "groups": {"room_id": "!g", "state": "asked", "at": NOON},
            "bulletin_notes": {
                "event_id": "$n", "at": NOON, "since_date": "2026-01-01", "until_date": "2026-01-01", "ended_at": NOON,
            },
            "previews": {"slot": "pagi", "date": "2026-01-01", "due_at": NOON, "asked_at": NOON},
            "subscriptions": {"slot": "pagi", "room_id": "!d", "at": NOON},
        }  # fmt: skip
        for name, values in written.items():
            table = metadata.tables[name]
            secrets: dict[str, Any] = {
                column: {"x": SECRET} if isinstance(table.c[column].type, JSON) else f"@{SECRET}:x"
                for column in ERASED[name]
            }
            connection.execute(table.insert().values(**secrets, **values))
        AUDITOR.append(connection, "k", "$e", {"text": SECRET}, version="v", now=NOON)
    return engine


def stored(connection: Connection) -> dict[str, str]:
    """Everything, table by table, the index's words too."""
    rows = {table.name: str(connection.execute(select(table)).all()) for table in metadata.sorted_tables}
    return rows | {"words": str(connection.execute(text("SELECT words FROM incident_words")).all())}


def test_what_is_to_be_erased_is_erased_in_every_table(old: Engine, tmp_path: Path) -> None:
    with old.begin() as connection:
        holding = {name for name, rows in stored(connection).items() if SECRET in rows}
        assert holding == {*ERASED, "words"}
        assert purge(connection, tmp_path)
        assert {name for name, rows in stored(connection).items() if SECRET in rows} == set()
        assert AUDITOR.verify(connection).faults == ()


def test_the_log_stays_countable_and_the_second_night_has_nothing_to_do(old: Engine, tmp_path: Path) -> None:
    with old.begin() as connection:
        purge(connection, tmp_path)
        entry = incidents.get(connection, 1)
        assert (entry.category, entry.district, entry.status, entry.opened_at) == (
            "banjir",
            "Subah",
            Status.SELESAI,
            NOON,
        )
        steps = [(step.action, step.after) for step in incidents.history(connection, 1)]
        assert ("status", "selesai") in steps
        assert [hit.incident.id for hit in search.search(connection, "", category="banjir")] == [1]
        assert not purge(connection, tmp_path)


def test_an_incident_under_way_keeps_everything_however_old(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        report(connection, 1, f"banjir di Kalimanggis {SECRET}")
        purge(connection, tmp_path)
        assert SECRET in incidents.get(connection, 1).text
        assert connection.scalar(select(transcripts.c.text)) != ""
        assert connection.scalar(select(notes.c.sender)) != GONE
        assert search.search(connection, SECRET) != []


def test_before_their_time_nothing_goes(old: Engine, tmp_path: Path) -> None:
    with old.begin() as connection:
        purge(connection, tmp_path, now=NOON + 80 * DAY)
        assert SECRET in incidents.get(connection, 1).text
        assert SECRET in str(connection.execute(select(inbox.c.payload)).all())
        purge(connection, tmp_path, now=NOON + 1000 * DAY)
        assert SECRET in incidents.get(connection, 1).text
        assert SECRET not in str(connection.execute(select(inbox)).all())


def test_what_belongs_to_two_incidents_goes_with_the_later_one(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        first, _ = report(connection, 1, f"banjir di Kalimanggis {SECRET}")
        second, _ = report(connection, 2, "kebakaran di Limpung")
        link = {"incident_id": second, "transmission_id": 1, "role": "report", "score": 1.0, "reasons": {}, "at": NOON}
        connection.execute(incident_links.insert().values(**link))
        incidents.change_status(connection, first, Status.PALSU, actor="@p:x", reason=None, event_id=None, now=NOON)
        purge(connection, tmp_path)
        assert incidents.get(connection, first).text == ""
        assert SECRET in (connection.scalar(select(transcripts.c.text).where(transcripts.c.transmission_id == 1)) or "")


def test_words_that_led_to_no_incident_go_with_the_messages(engine: Engine) -> None:
    with engine.begin() as connection:
        report(connection, 1, f"banjir di Kalimanggis {SECRET}")
        connection.execute(incident_links.delete())
        assert aging.erase_unfiled_words(connection, NOON) == 0
        assert aging.erase_unfiled_words(connection, NOON + DAY) == 1
        assert connection.scalar(select(transcripts.c.text)) == ""


def test_who_still_writes_is_not_told_everything_anew(engine: Engine) -> None:
    with engine.begin() as connection:
        for person, received in (("@a:x", NOON + 50 * DAY), ("@b:x", NOON)):
            connection.execute(notices.insert().values(user_id=person, notice="privacy", at=NOON))
            connection.execute(
                inbox.insert().values(
                    event_id=f"$of{person}", room_id="!r", sender=person, kind="text", sent_at=NOON,
                    received_at=received, state="done",
                )
            )  # fmt: skip
        aging.forget_people(connection, NOON + 10 * DAY)
        assert connection.scalars(select(notices.c.user_id)).all() == ["@a:x"]


def test_open_tickets_blocks_in_force_and_fresh_requests_stay(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = report(connection, 1, "banjir di Subah")
        connection.execute(
            tickets.insert().values(
                event_id="$t", room_id="!r", user_id="@a:x", reason="asked", state="open", opened_at=1, updated_at=1
            )
        )
        connection.execute(
            blocks.insert().values(user_id="@a:x", incident_id=number, by="@p:x", since_at=1, until_at=NOON + DAY)
        )
        erasure_requests.ask(connection, "$x", "!r", "@a:x", NOON)
        aging.forget_talks(connection, NOON)
        aging.forget_people(connection, NOON)
        assert connection.scalar(select(tickets.c.user_id)) == "@a:x"
        assert connection.scalar(select(blocks.c.user_id)) == "@a:x"
        assert connection.scalar(select(erasures.c.state)) == "asked"


def test_settling_leaves_no_erased_word_in_the_files(old: Engine, tmp_path: Path) -> None:
    with old.begin() as connection:
        purge(connection, tmp_path)
    retention.settle(old)
    files = [tmp_path / "kentongan.db", tmp_path / "kentongan.db-wal"]
    assert not any(SECRET.encode() in path.read_bytes() for path in files)
