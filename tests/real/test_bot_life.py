"""How the process starts, ends, and refuses to start; what it shows of itself meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
import yaml
from bot_world import BotWorld, altered, bot_world, config_beside
from proxy import Proxy

from bot.demo.homeserver import HomeserverError, free_port
from bot.demo.process import KENTONGAN, BotProcess
from bot.matrix.person import Person

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

TEXTS = ("biaya sim c berapa pak", "syarat skck apa saja", "stnk saya hilang lapor ke mana", "berapa gaji kapolres")
DRAIN_SECONDS = 10
QUEUES = ("outbox_depth", "outbox_age_seconds", "speech_depth", "speech_age_seconds", "sync_age_seconds")
SOON = "20s"
"""How long a token with a refresh token lives here: then the homeserver says soft logout."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BotWorld]:
    settings = {"refreshable_access_token_lifetime": SOON}
    async with bot_world(tmp_path_factory.mktemp("life"), start=False, settings=settings) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def running(world: BotWorld) -> BotWorld:
    """The world with its bot ready, whatever the test before did to it."""
    if not (world.bot._process and world.bot._process.poll() is None):
        world.bot._process = None
        world.start()
    await world.bot.until("ready")
    return world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def citizen(world: BotWorld) -> Person:
    return await world.person("warga")


async def run(config: Path, seconds: float = 60, *, command: Sequence[str] = KENTONGAN) -> tuple[int, str]:
    """`kentongan run` to its own end: exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, "run", "--config", str(config), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    assert b"Traceback" not in output, output.decode()
    return process.returncode, output.decode()


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still live after a while."""
    return psutil.wait_procs(processes, timeout=5)[1]


async def test_health_tells_a_start_step_by_step(world: BotWorld) -> None:
    world.start()
    first: dict[str, Any] = await world.until(world.bot.health, "somebody answers")
    assert set(first) == {"ready", "live", "synced", "speech", "database"}
    assert first["live"] is True
    await world.bot.until("ready")
    assert await asyncio.to_thread(world.bot.health) == dict.fromkeys(first, True)

    with urllib.request.urlopen(world.bot._health.replace("healthz", "metrics"), timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        values = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))
    assert {f"kentongan_{name}" for name in QUEUES} <= set(values)
    assert not any(mark in name for name in values for mark in ("@", "!", "$"))


async def test_sigterm_under_load_ends_in_time_and_nothing_is_lost_or_repeated(
    running: BotWorld, citizen: Person
) -> None:
    world = running
    driver = await world.person("pengemudi", joins=["ojol"])
    rooms = [await world.direct(citizen) for _ in range(3)]
    questions: list[str] = []
    notes: list[str] = []

    async def load() -> None:
        for number in range(12):
            questions.append(await world.say(citizen, rooms[number % 3], TEXTS[number % 4]))
            if number % 4 == 0:
                notes.append(await world.note(driver, world.rooms["ojol"], "panjang" if number == 4 else "macet"))

    loading = asyncio.create_task(load())
    await world.until(lambda: world.transmission(notes[1]) is not None if len(notes) > 1 else False, "load")
    family = world.family()
    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < DRAIN_SECONDS
    assert gone(family) == []
    await loading

    world.start()
    await world.bot.until("ready")
    await world.settle(*((citizen, room) for room in rooms))
    for note in notes:
        await world.reply(driver, note)
    assert world.counted(citizen, questions) == dict.fromkeys(questions, 1)
    assert world.counted(driver, notes) == dict.fromkeys(notes, 1)
    assert [world.transmission(note).crashes for note in notes] == [0, 0, 0], "our own end is not the notes' fault"
    assert '"bot.stopped"' in world.log.read_text()


async def test_nothing_outlives_a_bot_that_is_killed(running: BotWorld) -> None:
    family = running.family()
    assert len(running.workers()) >= 1
    assert len(family) > len(running.workers())

    await running.stop(kill=True)

    assert gone(family) == []


@pytest.mark.parametrize("shared", ["data folder", "database"])
async def test_a_second_bot_is_refused_by_what_the_first_one_holds(shared: str, running: BotWorld) -> None:
    home = running.world.folder
    sections: dict[str, Any] = {}
    if shared == "database":
        sections = {"paths": {"data": "elsewhere"}, "database": f"sqlite:///{home / 'data' / 'kentongan.db'}"}
    config = config_beside(running, f"second-{len(sections)}", **sections)

    code, output = await run(config)

    assert code == 2
    assert "Kentongan lain sudah memakai" in output
    assert "Another Kentongan is using" in output
    assert f"pid {running.bot.pid}" in output
    assert shared in output
    assert (await asyncio.to_thread(running.bot.health))["ready"], "the first one is not disturbed"


async def test_an_unreachable_homeserver_at_the_start_is_exit_3(world: BotWorld) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    config = config_beside(world, "nowhere", homeserver={"url": address}, paths={"data": "nowhere"})

    code, output = await run(config)

    assert code == 3
    assert address in output


@pytest.mark.parametrize(
    ("name", "sections", "said"),
    [
        ("model", {"speech": {"model": "/there/is/no/model"}}, "/there/is/no/model"),
        ("password", {"homeserver": {"password_file": "missing.password"}}, "missing.password"),
        ("key", {"nonsense": {"a": 1}}, "nonsense"),
    ],
)
async def test_what_is_wrong_in_the_configuration_is_exit_2_and_names_it(
    name: str, sections: dict[str, Any], said: str, world: BotWorld
) -> None:
    code, output = await run(config_beside(world, name, **{"paths": {"data": f"wrong-{name}"}, **sections}))

    assert code == 2
    assert said in output


async def test_a_taken_port_is_exit_2_and_names_the_key(running: BotWorld) -> None:
    account = await asyncio.to_thread(running.homeserver.register, "portless", "a-password")
    (running.world.folder / "portless.password").write_text("a-password")
    home = {"user_id": account["user_id"], "password_file": "portless.password"}
    port = {"port": running.world.health_port}
    config = config_beside(running, "portless", homeserver=home, paths={"data": "portless"}, server=port)

    code, output = await run(config)

    assert code == 2
    assert "server.port" in output
    assert str(running.world.health_port) in output


async def test_a_deleted_device_is_exit_4_and_the_remedy_that_it_names_works(
    running: BotWorld, citizen: Person
) -> None:
    world = running
    crypto = world.world.folder / "data" / "crypto"
    session = json.loads((crypto / "session.json").read_text())
    room = await world.direct(citizen)
    admin = await asyncio.to_thread(world.homeserver.register, "hakim", "a-password", admin=True)
    where = f"/_synapse/admin/v2/users/{world.bot_id}/devices/{session['device_id']}"
    await asyncio.to_thread(world.homeserver.request, "DELETE", where, None, admin["access_token"])

    assert await world.ended() == 4
    assert "session.json" in world.bot.tail()
    assert "Traceback" not in world.bot.tail()
    config = world.world.config_path
    code, output = await run(config)
    assert code == 4, "a supervisor's restart does not make a new device by itself"
    assert "session.json" in output
    question = await world.say(citizen, room, TEXTS[0])  # read by a device that does not exist yet: cannot be

    (crypto / "session.json").unlink()
    world.start()
    await world.bot.until("ready")
    assert json.loads((crypto / "session.json").read_text())["device_id"] != session["device_id"]
    another = await world.say(citizen, room, TEXTS[1])
    assert "skck" in (await world.reply(citizen, another)).body.lower()
    assert world.counted(citizen, [question])[question] <= 1


async def test_a_soft_logout_is_exit_4_and_a_password_makes_it_the_same_device_again(world: BotWorld) -> None:
    password, name = "a-password", "sementara"
    account = await asyncio.to_thread(world.homeserver.register, name, password)
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": name},
        "password": password,
        "refresh_token": True,
    }
    answer = await asyncio.to_thread(world.homeserver.request, "POST", "/_matrix/client/v3/login", login)
    folder = world.world.folder
    for file, text in (("soft.token", answer["access_token"]), ("soft.password", password)):
        (folder / file).write_text(text)
    home = {"user_id": account["user_id"], "password_file": None, "access_token_file": "soft.token"}
    config = config_beside(world, "soft", homeserver=home, paths={"data": "soft"}, speech={"workers": 1})

    running = asyncio.create_task(run(config, 120))
    await world.until((folder / "soft" / "crypto" / "session.json").exists, "signed in")
    await world.until(lambda: expired(world, answer["access_token"]), "the token runs out")
    friend = await world.person("teman")
    await friend.direct_room(account["user_id"])  # ends the long poll; with the next one the bot hears of it
    code, output = await running

    assert code == 4
    assert "password_file" in output
    assert answer["access_token"] not in output
    config = config_beside(world, "soft", homeserver={**home, "password_file": "soft.password"}, paths={"data": "soft"})
    bot = BotProcess(config, health_port_of(config), folder / "soft.log")
    bot.start()
    try:
        await bot.until("synced")
    finally:
        assert await asyncio.to_thread(bot.stop) == 0
    session = json.loads((folder / "soft" / "crypto" / "session.json").read_text())
    assert session["device_id"] == answer["device_id"]


def expired(world: BotWorld, token: str) -> bool:
    try:
        world.homeserver.request("GET", "/_matrix/client/v3/account/whoami", None, token)
    except HomeserverError:
        return True
    return False


def health_port_of(config: Path) -> int:
    return int(yaml.safe_load(config.read_text())["server"]["port"])


async def test_a_homeserver_that_answers_500_at_the_start_is_exit_3(
    world: BotWorld,
) -> None:
    async with Proxy(world.homeserver.url) as proxy:
        proxy.answer("/_matrix", 503, {"errcode": "M_UNKNOWN", "error": "starting"}, times=float("inf"))
        config = config_beside(world, "stumbling", homeserver={"url": proxy.url}, paths={"data": "stumbling"})
        code, output = await run(config, command=altered("bot.matrix.api.MAX_TRIES=3"))

    assert code == 3
    assert "503" in output
