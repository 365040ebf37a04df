"""`kentongan rooms agency`: the file is changed whole and only when all of rooms/ is still right with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from rooms_world import OFFICERS
from sqlalchemy import create_engine, insert
from test_federation import AGENCIES, ROOMS
from typer.testing import CliRunner

from bot.cli import app
from bot.rooms.agencies import load_agencies
from bot.rooms.found import FoundRoom
from bot.rooms.loader import load_rooms
from bot.rooms.views import Sight, views
from bot.store import rooms as store
from bot.store.guests import Guests, guests
from bot.store.tables import members, metadata

ROOT = Path(__file__).parents[2]
CONFIG = """
homeserver: {{url: http://127.0.0.1:9, user_id: "@kentongan:batang.test"}}
paths: {{data: data, flows: {root}/flows, rooms: rooms, places: {root}/places}}
secrets: {{pickle_key_file: keys/pickle, audit_key_file: keys/audit}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rooms", tmp_path / "rooms")
    for name, text in (("rooms", ROOMS), ("officers", OFFICERS), ("instansi", "# milik kita\n" + AGENCIES)):
        (tmp_path / "rooms" / f"{name}.yaml").write_text(text)
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.format(root=ROOT))
    return file


def run(config: Path, *arguments: str):
    return CliRunner().invoke(app, ["rooms", "agency", *arguments, "--config", str(config)])


def written(config: Path):
    return yaml.safe_load((config.parent / "rooms" / "instansi.yaml").read_text())["agencies"]


def test_an_agency_is_written_with_what_it_may(config):
    arguments = ["--server", "damkar.test", "--liaison", "@d:damkar.test", "--channel", "ojol", "--power", "50"]
    result = run(config, "add", "damkar", "--title", "Damkar", *arguments)
    assert result.exit_code == 0, result.output
    assert written(config)["damkar"] == {
        "title": "Damkar",
        "servers": ["damkar.test"],
        "liaisons": ["@d:damkar.test"],
        "channels": ["ojol"],
        "power": 50,
    }
    assert "# milik kita" in (config.parent / "rooms" / "instansi.yaml").read_text()
    assert run(config, "add", "damkar", "--channel", "nelayan").exit_code == 0
    assert written(config)["damkar"]["channels"] == ["ojol", "nelayan"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "damkar", "--title", "Damkar", "--channel", "ruang-kendali"],
        ["add", "damkar", "--title", "Damkar", "--server", "damkar.test", "--liaison", "@d:lain.test"],
        ["add", "damkar", "--server", "damkar.test"],
        ["remove", "damkar"],
        ["view", "damkar"],
    ],
)
def test_what_will_not_do_leaves_the_file_as_it_was(config, arguments):
    file = config.parent / "rooms" / "instansi.yaml"
    before = file.read_bytes()
    result = run(config, *arguments)
    assert result.exit_code == 2, result.output
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir() if one.name.startswith(".")] == []
    if "--channel" in arguments:
        assert f"{file}:" in result.stderr, "the place is named in the file itself, not in a copy"


def test_an_agency_is_taken_out_before_anything_else_is_asked(config, monkeypatch):
    """The homeserver may be down: the file says already what will be done."""

    async def at_once(_: float) -> None: ...

    monkeypatch.setattr("bot.matrix.api.asyncio.sleep", at_once)
    monkeypatch.setenv("KENTONGAN_PASSWORD", "test")
    result = run(config, "remove", "sar")
    assert result.exit_code == 3, result.output
    assert "sar dicabut" in result.stderr
    assert set(written(config)) == {"bpbd"}


def test_the_list_says_who_is_in_where(config):
    (config.parent / "data").mkdir()
    engine = create_engine(f"sqlite:///{config.parent}/data/kentongan.db")
    metadata.create_all(engine)
    with engine.begin() as connection:
        put(connection)
        assert guests(connection)["bpbd.test"] == {"siaga": Guests(2, 5)}
    engine.dispose()
    result = run(config, "list", "--json")
    rows = {row["key"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert rows["bpbd"]["members"] == {"siaga": 2}
    assert rows["sar"]["members"] == {}
    assert rows["sar"]["servers"] == ["sar.test"]
    assert "bpbd.test" in run(config, "list").stdout


def put(connection):
    store.record(connection, "siaga", "!siaga", kind="channel", alias=None, now=1)
    for number, (user, membership) in enumerate(
        (("@a:bpbd.test", "join"), ("@b:bpbd.test", "join"), ("@c:bpbd.test", "leave"), ("@d:batang.test", "join"))
    ):
        values = {"room_id": "!siaga", "user_id": user, "membership": membership, "by": user, "since_at": 5 + number}
        connection.execute(insert(members).values(**values))


def test_before_the_bot_ran_nobody_is_anywhere(config):
    result = run(config, "list", "--json")
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["members"] for line in result.stdout.splitlines()] == [{}, {}]


async def test_what_a_server_holds_of_each_room(district):
    district.write(ROOMS, OFFICERS, AGENCIES)
    await district.apply()
    from rooms_world import ME

    from bot.rooms.survey import survey

    def put_member(room, user, membership):
        district.server.put(district.recorded[room], "m.room.member", user, {"membership": membership})

    put_member("siaga", "@budi:bpbd.test", "join")
    put_member("nelayan", "@budi:bpbd.test", "leave")
    found = await survey(district.server, district.rooms, me=ME, recorded=district.recorded)
    rooms: dict[str, FoundRoom] = {name: room for name, room in found.rooms.items() if name != "posko"}
    agency = load_agencies(district.folder, load_rooms(district.folder)).all[0]
    seen = {one.room: one for one in views(agency, district.rooms, rooms)}
    assert {name: one.sight for name, one in seen.items()} == {
        "space": Sight.SHUT,
        "ruang-kendali": Sight.NEVER,
        "instansi": Sight.OPEN,
        "ojol": Sight.SHUT,
        "nelayan": Sight.OLD,
        "siaga": Sight.INSIDE,
        "posko": Sight.UNKNOWN,
    }
    assert (seen["siaga"].members, seen["siaga"].encrypted, seen["siaga"].history) == (1, True, "shared")
    assert seen["instansi"].invited == 1
