"""`kentongan rooms apply` on a real Synapse: once and again, interrupted, adopted, with the powers it promises."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from proxy import Proxy
from sqlalchemy import select

from bot.config import Config
from bot.matrix.api import ApiError, path
from bot.store.database import connect
from bot.store.tables import audit, audit_payloads

pytestmark = pytest.mark.real

SHIPPED = Path(__file__).parents[2] / "rooms"
ROOMS = ("space", "ruang-kendali", "ruang-ppa", "ojol", "desa-siaga", "nelayan")


class District:
    """A bot's configuration with its own copy of rooms/, aliases unlike those of other tests."""

    def __init__(self, config: Config, homeserver: Any, account: Any, number: int) -> None:
        self.config = config
        self.homeserver = homeserver
        self.account = account
        self.folder = config.resolve(config.paths.rooms)
        shutil.copytree(SHIPPED, self.folder)
        self.officers = [homeserver.register(name) for name in ("komandan", "petugas", "brankas")]
        commander, officer, safe = (one.user_id for one in self.officers)
        document = yaml.safe_load((self.folder / "officers.yaml").read_text())
        document["roles"]["komandan"]["members"] = [commander]
        document["roles"]["petugas"]["members"] = ["@" + officer.split(":")[0][1:]]
        for role in ("komandan", "petugas"):
            document["roles"][role]["rooms"] = ["all", "ruang-ppa"]
        document["break_glass"] = [safe]
        (self.folder / "officers.yaml").write_text(yaml.safe_dump(document))
        rooms = yaml.safe_load((self.folder / "rooms.yaml").read_text())
        rooms["space"]["alias"] = f"kamtibmas-{number}"
        for group in ("operations", "private", "channels"):
            for name, room in rooms[group].items():
                room["alias"] = f"{name}-{number}"
        (self.folder / "rooms.yaml").write_text(yaml.safe_dump(rooms))
        self.number = number

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bot", "rooms", *arguments, "--json", "--config", str(self.config.file)]

    def run(self, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, env=self.environ, check=False, timeout=120
        )
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "KENTONGAN_PASSWORD": self.account.password}

    def alias(self, name: str) -> str:
        local = "kamtibmas" if name == "space" else name
        return f"#{local}-{self.number}:{self.homeserver.synapse.server_name}"

    async def states(self) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
        """Each room's state as the bot's account sees it."""
        found = {}
        async with self.homeserver.api(self.account) as api:
            for name in ROOMS:
                room_id = (await api.request("GET", path("directory", "room", self.alias(name))))["room_id"]
                events = (await api.request("GET", path("rooms", room_id, "state")))["chunk"]
                found[name] = {(one["type"], one["state_key"]): one["content"] for one in events}
                found[name][("id", "")] = {"room_id": room_id}
        return found

    async def joined(self) -> set[str]:
        async with self.homeserver.api(self.account) as api:
            return set((await api.request("GET", path("joined_rooms")))["joined_rooms"])


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(1000))


@pytest.fixture
def district(bot_config: Config, homeserver: Any, bot_account: Any, numbers: Iterator[int]) -> District:
    return District(bot_config, homeserver, bot_account, next(numbers))


async def test_apply_makes_what_the_files_say_and_a_second_one_changes_nothing(district: District):
    code, lines = district.run("apply")
    assert code == 0, lines
    summary = lines[-1]
    assert (summary["failed"], summary["left"]) == (0, 0)
    assert set(summary["rooms"]) == set(ROOMS)
    before = await district.states()

    code, lines = district.run("plan")
    assert code == 0
    assert [line for line in lines if line["kind"] == "change"] == []
    code, lines = district.run("apply")
    assert (code, lines[-1]["done"], lines[-1]["already"]) == (0, 0, 0)
    assert await district.states() == before
    assert len(await district.joined()) == len(ROOMS)

    commander, officer, safe = (one.user_id for one in district.officers)
    for name in ROOMS:
        state = before[name]
        create, powers = state[("m.room.create", "")], state[("m.room.power_levels", "")]
        assert create["room_version"] == "12"
        assert create["additional_creators"] == [safe]
        assert powers["users"] == {commander: 100, officer: 50}
        assert (powers["state_default"], powers["kick"], powers["events"]["m.room.name"]) == (100, 50, 100)
        for person in (commander, officer, safe):
            assert state[("m.room.member", person)]["membership"] == "invite"
        encrypted = state.get(("m.room.encryption", ""), {}).get("algorithm")
        assert encrypted == (None if name == "space" else "m.megolm.v1.aes-sha2")
    operations = before["ruang-kendali"]
    assert operations[("m.room.create", "")]["m.federate"] is False
    assert operations[("m.room.join_rules", "")]["join_rule"] == "invite"
    assert operations[("m.room.history_visibility", "")]["history_visibility"] == "joined"
    children = {key for type_, key in before["space"] if type_ == "m.space.child"}
    assert children == {before[name][("id", "")]["room_id"] for name in ("ojol", "desa-siaga", "nelayan")}


async def test_killed_again_and_again_it_ends_with_one_room_each(district: District):
    """`kill -9` after a growing number of changes, until one run comes through."""
    for changes in range(1, 12):
        process = subprocess.Popen(
            district.command("apply"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=district.environ
        )
        assert process.stdout is not None
        for _ in range(changes):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    code, lines = district.run("apply")
    assert (code, lines[-1]["failed"], lines[-1]["left"]) == (0, 0, 0)
    states = await district.states()
    assert await district.joined() == {states[name][("id", "")]["room_id"] for name in ROOMS}
    assert lines[-1]["rooms"] == {name: states[name][("id", "")]["room_id"] for name in ROOMS}


async def test_stopped_by_hand_it_says_so_and_what_was_done_is_on_record(district: District):
    async with Proxy(district.homeserver.url) as proxy:
        document = yaml.safe_load(district.config.file.read_text())
        document["homeserver"]["url"] = proxy.url
        district.config.file.write_text(yaml.safe_dump(document))
        # After its first room it waits, for longer than anybody looks on here.
        limited = {"errcode": "M_LIMIT_EXCEEDED", "error": "slowly", "retry_after_ms": 240_000}
        second = proxy.answer(
            lambda asked: "createRoom" in asked.path and len(proxy.requests("createRoom")) > 1,
            429,
            limited,
            times=float("inf"),
        )
        process = await asyncio.create_subprocess_exec(
            *district.command("apply"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=district.environ,
            start_new_session=True,
        )  # fmt: skip
        await proxy.met(second, seconds=60)
        process.send_signal(signal.SIGINT)
        out, told = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 130
        assert "jalankan lagi untuk meneruskan" in told.decode()
        assert "Traceback" not in told.decode()
    first = json.loads(out.splitlines()[0])
    document["homeserver"]["url"] = district.homeserver.url
    district.config.file.write_text(yaml.safe_dump(document))
    with connect(district.config.database_url).connect() as connection:
        joined = audit.join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
        rows = connection.execute(
            select(audit_payloads.c.payload).select_from(joined).where(audit.c.kind == "rooms.applied")
        )
        [payload] = [row.payload for row in rows]
    assert payload["steps"][0] == first
    code, lines = district.run("apply")
    assert (code, lines[-1]["failed"], lines[-1]["left"]) == (0, 0, 0)


async def test_a_room_that_stands_under_the_alias_is_adopted_and_put_right(district: District):
    """The commander made #ojol by hand, in an older version, unencrypted; he gave the bot power."""
    commander = district.officers[0]
    async with district.homeserver.api(commander) as api:
        body = {
            "preset": "public_chat",
            "room_version": "10",
            "room_alias_name": f"ojol-{district.number}",
            "name": "Ojol lama",
            "invite": [district.account.user_id],
            "power_level_content_override": {"users": {commander.user_id: 100, district.account.user_id: 100}},
        }
        room_id = (await api.request("POST", path("createRoom"), body))["room_id"]
    code, lines = district.run("apply")
    assert code == 0, lines
    assert lines[-1]["rooms"]["ojol"] == room_id
    state = (await district.states())["ojol"]
    assert state[("m.room.name", "")]["name"] == "Ojol Kamtibmas"
    assert ("m.room.encryption", "") in state
    assert state[("m.room.power_levels", "")]["users"][district.account.user_id] == 100
    assert state[("m.room.power_levels", "")]["users"][district.officers[1].user_id] == 50
    code, lines = district.run("apply")
    assert (code, lines[-1]["done"]) == (0, 0)


async def test_a_strangers_room_under_the_operations_alias_is_refused(district: District):
    stranger = district.homeserver.register("asing")
    async with district.homeserver.api(stranger) as api:
        body = {
            "preset": "public_chat",
            "room_alias_name": f"ruang-kendali-{district.number}",
            "invite": [district.account.user_id],
        }
        room_id = (await api.request("POST", path("createRoom"), body))["room_id"]
    code, lines = district.run("apply")
    assert code == 1
    blocked = [line["text"] for line in lines if line["kind"] == "remark" and line["level"] == "blocked"]
    assert any(stranger.user_id in text and "--adopt ruang-kendali" in text for text in blocked)
    async with district.homeserver.api(stranger) as api:
        events = (await api.request("GET", path("rooms", room_id, "state")))["chunk"]
    members = {one["state_key"] for one in events if one["type"] == "m.room.member"}
    assert members == {stranger.user_id, district.account.user_id}


async def test_it_acts_as_the_bots_own_device(district: District):
    district.run("apply")
    session = json.loads((district.config.crypto_dir / "session.json").read_text())
    district.run("apply")
    async with district.homeserver.api(district.account) as api:
        devices = {one["device_id"] for one in (await api.request("GET", path("devices")))["devices"]}
    assert devices == {district.account.device_id, session["device_id"]}


def test_a_token_that_the_homeserver_does_not_know_exits_4(district: District):
    district.run("apply")
    file = district.config.crypto_dir / "session.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"access_token": "gone"}))
    done = subprocess.run(
        district.command("plan"), capture_output=True, text=True, env=district.environ, check=False, timeout=120
    )
    assert done.returncode == 4, done.stderr
    assert "signed the bot out" in done.stderr


def test_the_homeservers_limits_are_waited_for(bot_config: Config, tmp_path: Path, configure: Callable[..., Config]):
    """One room at a time, two a second: apply takes its time and comes through."""
    from bot.demo.homeserver import EmbeddedHomeserver

    limits = {"rc_room_creation": {"per_second": 0.5, "burst_count": 1}}
    with EmbeddedHomeserver(tmp_path / "synapse", settings=limits) as synapse:
        synapse.register("bot", "test-password-not-secret")
        config = configure(tmp_path / "limited", synapse.url, synapse.user_id("bot"))
        shutil.copytree(SHIPPED, config.resolve(config.paths.rooms))
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "bot", "rooms", "apply", "--json", "--config", str(config.file)],
            capture_output=True,
            text=True,
            env={**os.environ, "KENTONGAN_PASSWORD": "test-password-not-secret"},
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        assert time.monotonic() - started >= 4  # five rooms, the first at once, the others two seconds apart


async def test_liaisons_come_in_through_their_space_and_leave_with_their_agency(district: District):
    """One server: doors, powers and leaving; what other servers see stands in the tests of federation."""
    liaison, stranger = (district.homeserver.register(name) for name in ("penghubung", "asing"))
    rooms = yaml.safe_load((district.folder / "rooms.yaml").read_text())
    rooms["agencies"] = {"instansi": {"title": "Instansi", "alias": f"instansi-{district.number}"}}
    rooms["channels"]["siaga"] = {"title": "Siaga", "alias": f"siaga-{district.number}", "join": "agencies"}
    (district.folder / "rooms.yaml").write_text(yaml.safe_dump(rooms))
    added = ["--server", "bpbd.example", "--liaison", liaison.user_id, "--channel", "siaga", "--power", "50"]
    agency = ("agency", "add", "bpbd", *added, "--config", str(district.config.file))
    subprocess.run([sys.executable, "-m", "bot", "rooms", *agency], check=True, capture_output=True, timeout=60)
    code, lines = district.run("apply")
    assert code == 0, lines
    ids = lines[-1]["rooms"]
    own = district.homeserver.synapse.server_name

    async def state(room: str, type_: str, key: str = "") -> dict[str, Any]:
        async with district.homeserver.api(district.account) as api:
            return await api.request("GET", path("rooms", ids[room], "state", type_, key))

    for room, allowed in (("space", [own]), ("ojol", [own]), ("siaga", [own, "bpbd.example"])):
        content = await state(room, "m.room.server_acl")
        assert content == {"allow": sorted(allowed), "deny": [], "allow_ip_literals": False}
    with pytest.raises(ApiError, match="M_NOT_FOUND"):
        await state("ruang-kendali", "m.room.server_acl")
    async with district.homeserver.api(stranger) as api:
        with pytest.raises(ApiError, match="403"):
            await api.request("POST", path("join", ids["siaga"]), {})
    async with district.homeserver.api(liaison) as api:
        with pytest.raises(ApiError, match="403"):
            await api.request("POST", path("join", ids["siaga"]), {})
        await api.request("POST", path("join", ids["instansi"]), {})
        await api.request("POST", path("join", ids["siaga"]), {})
    assert (await state("siaga", "m.room.power_levels"))["users"][liaison.user_id] == 50
    code, lines = district.run("apply")
    assert (code, lines[-1]["done"]) == (0, 0)

    code, lines = district.run("agency", "remove", "bpbd")
    removals = [line["text"] for line in lines if line.get("change") == "RemoveMember"]
    assert len(removals) == 2
    code, lines = district.run("apply")
    assert code == 0, lines
    for room in ("instansi", "siaga"):
        assert (await state(room, "m.room.member", liaison.user_id))["membership"] == "leave"
        assert (await state(room, "m.room.server_acl"))["allow"] == [own]
    assert district.run("plan")[0] == 0
