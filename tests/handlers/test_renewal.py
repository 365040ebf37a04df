"""Content read anew: all of it or nothing, and the audit says when."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from handlers_world import ME, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Connection, Engine, select

from bot.config import load_config
from bot.content import load_content
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.renewal import Renewal
from bot.store.audit import Auditor
from bot.store.database import Database
from bot.store.tables import audit, audit_payloads

ROOT = Path(__file__).parents[2]


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "flows", tmp_path / "content" / "flows")
    return tmp_path / "content" / "flows"


@pytest.fixture
def desk(desk: Desk, flows: Path) -> Desk:
    """Over flows that may be edited."""
    paths = {"flows": "flows", "rooms": str(ROOT / "rooms"), "places": str(ROOT / "places"), "data": "data"}
    path = flows.parent / "config.yaml"
    path.write_text(yaml.safe_dump({"homeserver": {"url": "http://127.0.0.1:1", "user_id": ME}, "paths": paths}))
    config = load_config(path, environ={})
    content, problems = load_content(config)
    assert content is not None, problems
    return replace(desk, config=config, content=content)


@pytest.fixture
def used() -> list[str]:
    return []


@pytest.fixture
def renewal(database: Database, consumer: Consumer, used: list[str]) -> Renewal:
    def use(desk: Desk) -> None:
        consumer.desk = desk

    return Renewal(
        database,
        lambda: consumer.desk,
        use,
        used=lambda: used.append(consumer.desk.content.version),
        wake_sender=lambda: None,
    )


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file.name} no longer holds {old!r}: mend this test"
    file.write_text(text.replace(old, new))


def rows(engine: Engine, kind: str) -> list[tuple[str, str, Any]]:
    joined = audit.join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
    chosen = select(audit.c.subject, audit.c.content_version, audit_payloads.c.payload).select_from(joined)
    with engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(chosen.where(audit.c.kind == kind))]


async def test_the_next_answer_comes_from_the_new_content(
    renewal: Renewal, consumer: Consumer, flows: Path, engine: Engine, take: Take, event: Event, used: list[str]
) -> None:
    old = consumer.desk.content.version
    await take(event("biaya skck berapa"))
    edit(flows / "skck.yaml", "Rp30.000", "Rp31.000")
    assert await renewal.renew()
    await take(event("biaya skck berapa"))
    first, second = (json.dumps(row["content"]) for row in sent(engine, "!pribadi"))
    assert "Rp30.000" in first
    assert "Rp31.000" in second
    new = consumer.desk.content.version
    ((subject, version, payload),) = rows(engine, "content.changed")
    assert (subject, version, payload["old"], payload["new"]) == (new, new, old, new)
    (file,) = payload["files"]
    assert file["file"] == "flows/skck.yaml"
    assert file["old"] != file["new"] == hashlib.sha256((flows / "skck.yaml").read_bytes()).hexdigest()[:12]
    assert audited(engine) == ["dialogue.answer", "content.changed", "dialogue.answer"]
    assert [row[1] for row in rows(engine, "dialogue.answer")] == [old, new]
    assert used == [new]
    (notice,) = sent(engine, OPERATIONS)
    assert new in notice["content"]["body"]
    assert "flows/skck.yaml" in notice["content"]["body"]


async def test_new_and_removed_files_are_named_and_a_long_list_is_cut_for_people_only(
    renewal: Renewal, flows: Path, engine: Engine
) -> None:
    for number in range(6):
        (flows / "tests" / f"baru{number}.yaml").write_text("conversations: []\n")
    gone = sorted((flows / "tests").glob("s*.yaml"))[0]
    gone.unlink()
    with structlog.testing.capture_logs() as logs:
        assert await renewal.renew()
    ((_, _, payload),) = rows(engine, "content.changed")
    assert [one["new"] is None for one in payload["files"]].count(True) == 1
    assert [one["old"] is None for one in payload["files"]].count(True) == 6
    (line,) = [line for line in logs if line["event"] == "content.changed"]
    assert f"flows/tests/{gone.name}@gone" in line["files"]
    (notice,) = sent(engine, OPERATIONS)
    assert notice["content"]["body"].endswith("+2.")


async def test_content_with_mistakes_is_refused_and_the_old_stays(
    renewal: Renewal, consumer: Consumer, flows: Path, engine: Engine, take: Take, event: Event, used: list[str]
) -> None:
    old = consumer.desk
    edit(flows / "skck.yaml", "title: SKCK\n", "titel: SKCK\n")
    with structlog.testing.capture_logs() as logs:
        assert not await renewal.renew()
    assert consumer.desk is old
    assert used == []
    (refused,) = [line for line in logs if line["event"] == "content.refused"]
    line = (flows / "skck.yaml").read_text().splitlines().index("titel: SKCK") + 1
    assert f"flows/skck.yaml:{line}" in refused["places"]
    assert [name.split("@")[0] for name in refused["files"]] == ["flows/skck.yaml"]
    (notice,) = sent(engine, OPERATIONS)
    assert "unknown key 'titel'" in notice["content"]["body"]
    assert old.content.version in notice["content"]["body"]
    assert str(flows) not in json.dumps(notice["content"])
    ((subject, version, payload),) = rows(engine, "content.refused")
    assert [one["file"] for one in payload["files"]] == ["flows/skck.yaml"]
    assert (subject, version, payload["mistakes"] > 0) == (old.content.version, old.content.version, True)
    await take(event("biaya skck berapa"))
    assert "Rp30.000" in json.dumps(sent(engine, "!pribadi")[0]["content"])
    edit(flows / "skck.yaml", "titel: SKCK\n", "title: SKCK\n# lagi\n")
    assert await renewal.renew(), "mended content is taken"


async def test_the_same_content_again_is_no_change(renewal: Renewal, consumer: Consumer, engine: Engine) -> None:
    old = consumer.desk
    assert not await renewal.renew()
    assert consumer.desk is old
    assert audited(engine) == []


async def test_a_change_that_cannot_be_recorded_does_not_happen(
    renewal: Renewal, consumer: Consumer, flows: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = consumer.desk
    edit(flows / "skck.yaml", "Rp30.000", "Rp31.000")

    def full(*_: object, **__: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(Auditor, "append", full)
    with pytest.raises(OSError, match="disk full"):
        await renewal.renew()
    assert consumer.desk is old


async def test_a_change_that_cannot_be_committed_does_not_happen(
    renewal: Renewal, consumer: Consumer, flows: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = consumer.desk
    edit(flows / "skck.yaml", "Rp30.000", "Rp31.000")

    async def lost(work: Callable[[Connection], object]) -> None:
        with database.engine.connect() as connection:
            work(connection)
            assert consumer.desk is not old
            connection.rollback()
        raise OSError("disk full")

    monkeypatch.setattr(database, "run", lost)
    with pytest.raises(OSError, match="disk full"):
        await renewal.renew()
    assert consumer.desk is old


async def test_a_talk_goes_on_over_a_renewal(
    renewal: Renewal, flows: Path, engine: Engine, take: Take, event: Event
) -> None:
    """What waited for an answer is forgotten, what was talked about is not."""
    await take(event("syarat bikin sim c"))
    edit(flows / "skck.yaml", "Rp30.000", "Rp31.000")
    assert await renewal.renew()
    await take(event("kalau yang perpanjang?"))
    assert [row[2]["intent"] for row in rows(engine, "dialogue.answer")] == ["sim_baru", "sim_perpanjang"]
