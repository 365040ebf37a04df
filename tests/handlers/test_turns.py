"""`kentongan flows unmatched` and `flows replay` over what the handlers really record."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from handlers_world import NOW, Event, Take
from typer.testing import CliRunner

from bot.cli import app
from bot.event import Kind
from bot.handlers import questions
from bot.handlers.desk import Desk
from bot.store import retention, turns
from bot.store.database import Database

ROOT = Path(__file__).parents[2]
MINUTE = 60_000


@pytest.fixture
def config(tmp_path: Path, desk: Desk) -> Path:
    """A configuration whose database is the handlers' and whose flows are a copy that may be edited."""
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    path = tmp_path / "commands.yaml"
    paths = {"flows": "flows", "rooms": str(ROOT / "rooms"), "places": str(ROOT / "places"), "data": "."}
    path.write_text(yaml.safe_dump({"homeserver": {"url": "http://127.0.0.1:1", "user_id": desk.me}, "paths": paths}))
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["flows", *arguments, "--since", "2026-01-01", "--config", str(config)])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file.name} no longer holds {old!r}: mend this test"
    file.write_text(text.replace(old, new))


async def talk(take: Take, event: Event, *texts: str, sender: str = "@warga:batang.test", start: int = 0) -> None:
    for number, text in enumerate(texts):
        sent = NOW - 500 + (start + number) * 10_000
        await take(event(text, room=f"!dm-{sender}", direct=True, sender=sender, sent_at=sent))


async def test_replaying_on_the_same_flows_changes_nothing(
    take: Take, event: Event, config: Path, desk: Desk, database: Database
) -> None:
    await talk(take, event, "syarat bikin sim c", "kalau biayanya?", "golongan sim", "motor", "150", "batal")
    await talk(take, event, "sim", "1", "xyzzy plugh", "foobar quux", sender="@lain:batang.test")
    await talk(take, event, "nik saya 3325010101900001 mau bikin skck", "gaji kapolres berapa", sender="@c:batang.test")
    late = event("syarat skck", sender="@d:batang.test", sent_at=NOW - 60 * MINUTE)
    await take(late)
    spoken = event("", sender="@e:batang.test")
    await database.run(lambda connection: questions.answer(connection, spoken, desk, NOW, heard="biaya *skck*"))
    result = run(config, "replay", "--json", "--strict")
    assert rows(result)[:-1] == []
    assert result.exit_code == 0
    assert rows(result)[-1]["turns"] == 14


async def test_replaying_what_handlers_added_to_answers_changes_nothing(take: Take, event: Event, config: Path) -> None:
    """Tickets, emergencies with consent and place, choices by reaction, fragments: none of it is the flows' doing."""
    await talk(take, event, "biaya skck berapa", "mau bicara sama petugas", sender="@a:batang.test")
    await talk(take, event, "xyzzy plugh", "foobar quux", "qwerty asdf", sender="@b:batang.test")
    await take(
        event("tolong ada maling di rumah saya", sent_at=NOW - 500),
        event(kind=Kind.LOCATION, content={"geo_uri": "geo:-6.9,109.7"}, sent_at=NOW + 5_000),
        event("ya", sent_at=NOW + 20_000),
    )
    await talk(take, event, "tolong saya dipukul suami sekarang", "tidak", sender="@c:batang.test")
    result = run(config, "replay", "--json", "--strict")
    *changes, summary = rows(result)
    assert [(row["text"], row["before"], row["after"]) for row in changes] == []
    assert summary["turns"] >= 9


async def test_a_changed_answer_is_shown_with_what_it_was_and_strict_exits_1(
    take: Take, event: Event, config: Path
) -> None:
    await talk(take, event, "biaya skck berapa", "syarat bikin sim c")
    edit(config.parent / "flows" / "skck.yaml", "Rp30.000", "Rp35.000")
    result = run(config, "replay", "--json", "--strict")
    changed, summary = rows(result)
    assert result.exit_code == 1
    assert changed["changed"] == ["reply"]
    assert "Rp30.000" in changed["before"]["reply"]  # type: ignore[index]
    assert "Rp35.000" in changed["after"]["reply"]  # type: ignore[index]
    assert (summary["turns"], summary["changed"], summary["follows"]) == (2, 1, 0)
    told = run(config, "replay")
    assert told.exit_code == 0
    assert "- " in told.stdout
    assert "Rp35.000" in told.stdout
    assert "2 pesan diputar ulang, 1 jawaban berubah." in told.stdout


async def test_the_same_change_on_many_questions_is_shown_once_and_hides_no_other(
    take: Take, event: Event, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    await talk(take, event, "syarat bikin sim c", sender="@lama:batang.test")
    for number, text in enumerate(["biaya skck berapa", "brp biaya skck", "biaya bikin skck berapa", "ongkos skck"]):
        await talk(take, event, text, sender=f"@w{number}:batang.test")
    edit(config.parent / "flows" / "skck.yaml", "Rp30.000", "Rp35.000")
    told = run(config, "replay", "--limit", "1").stdout
    assert "4×  biaya skck berapa · brp biaya skck · biaya bikin skck berapa +1 pertanyaan lain" in told
    assert told.count("+ Biaya SKCK **Rp35.000**") == 1
    assert told.count("- Biaya SKCK **Rp30.000**") == 1


async def test_a_turn_that_changes_only_because_of_the_one_before_says_so(
    take: Take, event: Event, config: Path
) -> None:
    await talk(take, event, "golongan sim", "motor", "150")
    path = config.parent / "flows" / "sim.yaml"
    content = yaml.safe_load(path.read_text())
    intent = next(intent for intent in content["intents"] if intent["name"] == "sim_golongan")
    text = "Golongan SIM ada beberapa."
    intent["answers"], intent["steps"] = [*[a for a in intent["answers"] if a.get("when")], {"text": text}], []
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    *changes, summary = rows(run(config, "replay", "--json"))
    assert [change["follows"] for change in changes] == [False, True, True]
    assert summary["follows"] == 2


async def test_a_conversation_begun_before_the_window_is_found(
    take: Take, event: Event, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW - MINUTE)
    await take(event("golongan sim", sent_at=NOW - MINUTE))
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW)
    await take(event("motor", sent_at=NOW))
    monkeypatch.setattr("bot.cli.turns.now_ms", lambda: NOW + 30_000)
    result = CliRunner().invoke(app, ["flows", "replay", "--since", "1m", "--json", "--config", str(config)])
    assert [row["turns"] for row in rows(result)] == [1]


async def test_questions_that_failed_are_grouped_counted_and_masked(take: Take, event: Event, config: Path) -> None:
    for number in range(3):
        await talk(take, event, f"sewa gedung serbaguna, ini 0812345678{number}0", sender=f"@w{number}:batang.test")
    await talk(take, event, "Sewa gedung serbaguna!!", "biaya skck", sender="@x:batang.test")
    await talk(take, event, "ramalan zodiak hari kamis", sender="@y:batang.test")
    result = run(config, "unmatched", "--json")
    found = rows(result)
    assert [row["count"] for row in found] == [4, 1]
    assert "0812345678" not in result.stdout
    assert "[nomor]" in found[0]["text"]  # type: ignore[operator]
    assert found[0]["nearest"] is None or isinstance(found[0]["nearest"], str)
    table = run(config, "unmatched")
    assert "2 kelompok dari 5 pertanyaan" in table.stdout


async def test_what_people_chose_when_asked_back_leads_to_the_intent(take: Take, event: Event, config: Path) -> None:
    await talk(take, event, "sim", "2")
    (found,) = rows(run(config, "unmatched", "--json"))
    (chosen,) = found["chosen"]  # type: ignore[misc]
    pasted = yaml.safe_load(run(config, "unmatched", "--yaml").stdout)
    assert pasted == {chosen: {"examples": ["sim"]}}


async def test_a_question_that_the_flows_answer_by_now_is_not_exported(take: Take, event: Event, config: Path) -> None:
    await talk(take, event, "sewa gedung serbaguna")
    assert "sewa gedung serbaguna" in run(config, "unmatched", "--yaml").stdout
    path = config.parent / "flows" / "kehilangan.yaml"
    content = yaml.safe_load(path.read_text())
    content["intents"][0]["aliases"] = [*content["intents"][0].get("aliases", []), "sewa gedung serbaguna"]
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    assert [row["now"] for row in rows(run(config, "unmatched", "--json"))] == ["answer"]
    assert yaml.safe_load(run(config, "unmatched", "--yaml").stdout) is None


async def test_erased_turns_are_counted_and_not_read(
    take: Take, event: Event, config: Path, desk: Desk, database: Database
) -> None:
    await talk(take, event, "ramalan zodiak", "biaya skck")
    await database.run(
        lambda connection: retention.erase_audit(connection, desk.auditor, NOW + 5_000, version="v", now=NOW + 5_001)
    )
    assert await database.run(lambda connection: list(turns.recorded(connection, 0))) == []
    assert "2 pesan lagi sudah dihapus" in run(config, "replay").stdout
    assert rows(run(config, "unmatched", "--json")) == []


async def test_the_commands_cannot_write_and_need_a_database(
    take: Take, event: Event, config: Path, database: Database, tmp_path: Path
) -> None:
    await talk(take, event, "biaya skck")
    before = (tmp_path / "kentongan.db").read_bytes()
    assert run(config, "replay").exit_code == 0
    assert (tmp_path / "kentongan.db").read_bytes() == before
    other = yaml.safe_load(config.read_text())
    other["paths"]["data"] = "nowhere"
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(yaml.safe_dump(other))
    result = run(elsewhere, "unmatched")
    assert result.exit_code == 2
    assert "no database at" in result.stderr


async def test_since_must_be_a_period_or_a_date(config: Path) -> None:
    result = CliRunner().invoke(app, ["flows", "replay", "--since", "kemarin", "--config", str(config)])
    assert result.exit_code == 2
    assert "7d" in result.stderr


def test_questions_of_other_people_do_not_mix(desk: Desk) -> None:
    """Two conversations interleaved are two conversations."""
    from datetime import UTC, datetime

    from bot.dialogue.replay import Recorded, replay

    when = datetime.fromtimestamp(NOW / 1000, UTC)
    first = desk.engine.step(None, "golongan sim", when)
    second = desk.engine.step(None, "biaya skck", when)
    one = Recorded("$1", "a", when, "golongan sim", first.outcome, first.intent, first.reply, "v")
    two = Recorded("$2", "b", when, "biaya skck", second.outcome, second.intent, second.reply, "v")
    third = desk.engine.step(first.state, "motor", when)
    three = replace(one, event_id="$3", text="motor", outcome=third.outcome, intent=third.intent, reply=third.reply)
    assert [found.changed for found in replay(desk.engine, [one, two, three])] == [(), (), ()]
    assert [found.changed for found in replay(desk.engine, [one, two, replace(three, conversation="b")])][-1] != ()
