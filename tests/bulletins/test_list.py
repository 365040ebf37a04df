"""`kentongan bulletin list`: a day in each channel, as an operator meets it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from bot.cli import app
from bot.outgoing import Outgoing, transaction_id
from bot.store import bulletins, previews, subscriptions, unsent
from bot.store import outbox as store
from bot.store.bulletins import Entry
from bot.store.rooms import record
from bot.store.tables import outbox

ROOT = Path(__file__).parents[2]
CONFIG = """
homeserver: {{url: http://127.0.0.1:9, user_id: "@kentongan:batang.test"}}
paths: {{data: data, flows: {root}/flows, rooms: rooms, places: {root}/places}}
secrets: {{pickle_key_file: keys/pickle, audit_key_file: keys/audit}}
"""
DAY = "2026-12-01"


def ms(time: str) -> int:
    moment = dt.datetime.fromisoformat(f"{DAY} {time}").replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    return round(moment.timestamp() * 1000)


def run(config: Path, *arguments: str):
    return CliRunner().invoke(app, ["bulletin", "list", *arguments, "--config", str(config)])


def lines(config: Path, *arguments: str) -> list[dict]:
    result = run(config, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rooms", tmp_path / "rooms")
    (tmp_path / "config.yaml").write_text(CONFIG.format(root=ROOT))
    return tmp_path / "config.yaml"


@pytest.fixture
def engine(config: Path, empty_database, monkeypatch):
    """A day at four in the afternoon: the morning went out late in one channel, the afternoon was skipped."""
    (config.parent / "data").mkdir()
    engine = empty_database(config.parent / "data" / "kentongan.db")
    now = dt.datetime.fromtimestamp(ms("16:00") / 1000, dt.UTC)
    monkeypatch.setattr("bot.clock.now", lambda: now)
    with engine.begin() as connection:
        for name in ("ojol", "nelayan"):
            record(connection, name, f"!{name}", kind="channel", alias=None, now=1)
        decide(connection, "pagi", "!ojol", "07:00")
        decide(connection, "pagi", "!nelayan", "07:00")
        decide(connection, "pagi", "!dm", "07:00")
        connection.execute(
            update(outbox).where(outbox.c.room_id == "!ojol").values(state="sent", sent_at=ms("07:12"), event_id="$1")
        )
        answers = [{"event_id": "$a", "kind": "skip", "by": "@ani:x", "at": 1, "words": "hari berkabung"}]
        previews.ask(connection, "sore", DAY, due_at=ms("15:30"), shown="", digest="", now=1)
        previews.answered(connection, "sore", DAY, answers)
        decide(connection, "sore", "!ojol", "15:30", reason="officer")
        subscriptions.add(connection, "@warga:x", "malam", "!dm", 1)
    yield engine
    engine.dispose()


def decide(connection, slot: str, room: str, time: str, *, reason: str | None = None) -> None:
    sources = {"used": [{"name": "statistik laporan", "age_seconds": 0}], "missing": ["prakiraan: tidak menjawab"]}
    entry = Entry(slot, DAY, room, ms(time), {} if reason else sources, "v1", reason)
    outgoing = None if reason else Outgoing(entry.outbox_key, room, {"body": "x"})
    bulletins.record(connection, entry, outgoing, ms(time))


def test_each_slot_and_channel_with_its_state_reason_and_lateness(config, engine):
    found = {(line["slot"], line["room"]): line for line in lines(config)}
    sent = found["pagi", "ojol"]
    assert (sent["state"], sent["late_seconds"]) == ("sent", 720)
    assert sent["sent"] == f"{DAY}T07:12:00+07:00"
    assert sent["used"] == [{"name": "statistik laporan", "age_seconds": 0}]
    assert sent["missing"] == ["prakiraan: tidak menjawab"]
    assert (found["pagi", "nelayan"]["state"], found["pagi", "nelayan"]["late_seconds"]) == ("queued", 9 * 3600)
    skipped = found["sore", "ojol"]
    assert (skipped["state"], skipped["reason"], skipped["words"]) == ("skipped", "officer", "hari berkabung")
    assert found["sore", "nelayan"]["state"] == "undecided"
    assert found["malam", "ojol"]["state"] == "ahead"
    assert found["malam", "desa-siaga"]["state"] == "no_room"
    assert found["pagi", None]["copies"] == 1
    assert found["malam", None] == found["malam", None] | {"state": "ahead", "copies": 1}
    assert "!dm" not in json.dumps(list(found.values()))


def test_what_was_not_delivered_is_a_skip_with_its_reason_until_it_turns_out_to_have_arrived(config, engine):
    key = f"bulletin:pagi:{DAY}:!nelayan"
    with engine.begin() as connection:
        assert len(unsent.withdraw(connection, 45 * 60_000, "undelivered", ms("07:45"))) == 2
    found = {(line["slot"], line["room"]): line for line in lines(config)}
    assert (found["pagi", "nelayan"]["state"], found["pagi", "nelayan"]["reason"]) == ("skipped", "undelivered")
    assert "dilewati homeserver tidak menerimanya" in " ".join(run(config).stdout.split())
    with engine.begin() as connection:
        store.sent(connection, transaction_id(key), "$late", ms("07:50"))
    found = {(line["slot"], line["room"]): line for line in lines(config)}
    assert (found["pagi", "nelayan"]["state"], found["pagi", "nelayan"]["reason"]) == ("sent", None)


def test_a_day_to_come_is_listed_as_ahead(config, engine):
    assert {line["state"] for line in lines(config, "--date", "2026-12-02")} <= {"ahead", "no_room"}


def test_the_table_says_the_same_in_words(config, engine):
    result = run(config)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in ("terkirim pukul 07.12, terlambat 12 menit", "dilewati keputusan petugas · “hari berkabung”"):
        assert words in said
    assert "belum waktunya" in said
    assert "(1 pelanggan)" in said


def test_what_is_no_date_and_a_missing_database_exit_2(config):
    assert run(config, "--date", "besok").exit_code == 2
    assert run(config).exit_code == 2
