"""`kentongan rooms officer trust`: the key that was shown and agreed to is pinned, that alone, and not in secret."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rooms_world import OFFICERS, ROOMS
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from bot.cli import app, officers
from bot.handlers.proof import shown
from bot.matrix.api import path
from bot.matrix.crosssigning import Seeds
from bot.matrix.signatures import MASTER, SELF_SIGNING
from bot.store import officerkeys, rooms
from bot.store.tables import audit, audit_payloads, outbox

ROOT = Path(__file__).parents[2]
CONFIG = """
homeserver: {{url: http://127.0.0.1:9, user_id: "@kentongan:batang.test"}}
paths: {{data: data, flows: {root}/flows, rooms: rooms, places: {root}/places}}
secrets: {{pickle_key_file: keys/pickle, audit_key_file: keys/audit}}
"""
KOMANDAN = "@komandan:batang.test"
OLD = Seeds.new().key(MASTER).public


class Homeserver:
    """Answers /keys/query with one person's cross-signing keys."""

    def __init__(self) -> None:
        self.seeds = Seeds.new()
        self.signed = True

    @property
    def master(self) -> str:
        return self.seeds.key(MASTER).public

    async def request(self, method: str, where: str, body: Any) -> dict[str, Any]:
        assert (method, where, body) == ("POST", path("keys", "query"), {"device_keys": {KOMANDAN: []}})
        master, signing = self._key(MASTER), self._key(SELF_SIGNING)
        if self.signed:
            by = self.seeds.key(MASTER)
            signing["signatures"] = {KOMANDAN: {by.key_id: by.sign(signing)}}
        return {"master_keys": {KOMANDAN: master}, "self_signing_keys": {KOMANDAN: signing}}

    def _key(self, usage: str) -> dict[str, Any]:
        key = self.seeds.key(usage)
        return {"user_id": KOMANDAN, "usage": [usage], "keys": {key.key_id: key.public}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rooms", tmp_path / "rooms")
    for name, text in (("rooms", ROOMS), ("officers", OFFICERS)):
        (tmp_path / "rooms" / f"{name}.yaml").write_text(text)
    (tmp_path / "keys").mkdir()
    for name in ("pickle", "audit"):
        (tmp_path / "keys" / name).write_text("k" * 64)
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.format(root=ROOT))
    return file


@pytest.fixture
def homeserver(monkeypatch: pytest.MonkeyPatch) -> Homeserver:
    one = Homeserver()

    @asynccontextmanager
    async def open_api(*_: object) -> AsyncIterator[Homeserver]:
        yield one

    monkeypatch.setattr(officers, "open_api", open_api)
    return one


@pytest.fixture
def engine(config: Path, empty_database: Callable[[Path], Engine]) -> Iterator[Engine]:
    (config.parent / "data").mkdir()
    one = empty_database(config.parent / "data" / "kentongan.db")
    with one.begin() as connection:
        rooms.record(connection, "ruang-kendali", "!kendali", kind="operations", alias=None, now=1)
    yield one
    one.dispose()


def trust(config: Path, *arguments: str, said: str = "y\n", name: str = "@komandan") -> Result:
    command = ["rooms", "officer", "trust", name, "--config", str(config), *arguments]
    return CliRunner().invoke(app, command, input=said)


def pin(engine: Engine, key: str) -> None:
    with engine.begin() as connection:
        officerkeys.pin(connection, KOMANDAN, key, 1)


def pinned(engine: Engine) -> officerkeys.Pin | None:
    with engine.connect() as connection:
        return officerkeys.pinned(connection, KOMANDAN)


def payloads(engine: Engine) -> list[dict[str, Any]]:
    chosen = select(audit_payloads.c.payload).join(audit, audit.c.id == audit_payloads.c.audit_id)
    with engine.connect() as connection:
        return list(connection.scalars(chosen.where(audit.c.kind == "officer.trusted")))


def told(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [(row.room_id, row.content["body"]) for row in connection.execute(select(outbox))]


def test_a_commander_without_colleagues_gets_a_new_key_by_the_operators_hand(
    config: Path, engine: Engine, homeserver: Homeserver
) -> None:
    pin(engine, OLD)
    with engine.begin() as connection:
        officerkeys.refuse(connection, KOMANDAN, homeserver.master)
    result = trust(config)
    assert result.exit_code == 0, result.output
    asked = result.output.index("bertatap muka")
    assert result.output.index(shown(OLD)) < result.output.index(shown(homeserver.master)) < asked
    assert pinned(engine) == officerkeys.Pin(homeserver.master, None)
    [payload] = payloads(engine)
    assert (payload["officer"], payload["known"], payload["key"]) == (KOMANDAN, OLD, homeserver.master)
    assert payload["who"]
    [(room, body)] = told(engine)
    assert room == "!kendali"
    assert KOMANDAN in body
    assert shown(homeserver.master) in body


def test_an_officer_who_is_not_known_yet_can_be_pinned_beforehand(
    config: Path, engine: Engine, homeserver: Homeserver
) -> None:
    assert trust(config, "--yes", said="", name=KOMANDAN).exit_code == 0
    assert pinned(engine) == officerkeys.Pin(homeserver.master, None)
    assert payloads(engine)[0]["known"] is None


@pytest.mark.parametrize("said", ["n\n", ""])
def test_without_a_yes_nothing_changes(config: Path, engine: Engine, homeserver: Homeserver, said: str) -> None:
    pin(engine, OLD)
    result = trust(config, said=said)
    assert result.exit_code == 1
    assert shown(homeserver.master) in result.output
    assert pinned(engine) == officerkeys.Pin(OLD, None)
    assert (payloads(engine), told(engine)) == ([], [])


def test_the_same_key_again_is_nothing_new(config: Path, engine: Engine, homeserver: Homeserver) -> None:
    pin(engine, homeserver.master)
    result = trust(config, said="")
    assert result.exit_code == 0
    assert "Sama" in result.output
    assert payloads(engine) == []


def test_a_key_that_the_officer_did_not_sign_with_is_none(config: Path, engine: Engine, homeserver: Homeserver) -> None:
    homeserver.signed = False
    result = trust(config, "--yes")
    assert result.exit_code == 1
    assert "verifikasi" in result.output
    assert pinned(engine) is None


def test_a_key_that_a_colleague_vouched_for_meanwhile_stands(
    config: Path, engine: Engine, homeserver: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(engine, OLD)
    theirs = Seeds.new().key(MASTER).public

    def confirm(_: str) -> bool:
        with engine.begin() as connection:
            officerkeys.refuse(connection, KOMANDAN, theirs)
            officerkeys.vouch(connection, KOMANDAN, theirs, by="@petugas:batang.test", now=2)
        return True

    monkeypatch.setattr(officers.typer, "confirm", confirm)
    result = trust(config)
    assert result.exit_code == 1, result.output
    assert pinned(engine) == officerkeys.Pin(theirs, None)
    assert (payloads(engine), told(engine)) == ([], [])


def test_who_is_no_officer_has_no_key_here(config: Path, engine: Engine, homeserver: Homeserver) -> None:
    for name in ("@joko", "@komandan:lain.test"):
        result = trust(config, "--yes", name=name)
        assert result.exit_code == 2
        assert "bukan petugas" in result.output
    assert payloads(engine) == []
