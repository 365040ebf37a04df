"""How long until two hundred rooms have their bulletin, and does a question wait meanwhile? Beside a loop of PUTs.

An embedded Synapse with the bot's message limit lifted, the bot as a process of its own, a reader in every room. A
round is one slot: `kentongan bulletin send` writes it, the clock runs from the first room's delivery to the last one's
(the homeserver's answer), and when a tenth has gone out the reader asks a question in a DM and waits for the answer.
The peer says the same in the same rooms, one after the other: in clear rooms one PUT each, in encrypted ones a bare
matrix-nio client's `room_send`, which shares its keys as ours does. The two take turns.

    .venv/bin/python bench/bulletins.py [--rooms 200] [--encrypted] [--rounds 3] [--voice]
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nio
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import create_engine, select

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.api import HomeserverApi, path
from bot.matrix.person import Person
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store.tables import outbox

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "real"))

from many_rooms import channels, join_all, many_channels  # noqa: E402

QUESTION = "biaya sim c berapa"
BOUND, ANSWER_BOUND = 60.0, 2.0
"""Seconds: the last room; the answer."""
PATIENCE = 900


class Peer:
    """Says something in every room, one after the other."""

    def __init__(self, url: str, user_id: str, folder: Path, *, encrypted: bool) -> None:
        config = nio.AsyncClientConfig(encryption_enabled=encrypted, pickle_key="peer")
        folder.mkdir()
        self.client = nio.AsyncClient(url, user_id, store_path=str(folder), config=config)
        self.encrypted = encrypted
        self._url = url

    async def enter(self, password: str, rooms: list[str]) -> None:
        """Sign in and join."""
        await self.client.login(password)
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        async with self.api() as api:
            await join_all(api, rooms)
        await self.client.sync(timeout=0, full_state=True)

    def api(self) -> HomeserverApi:
        """Raw calls."""
        return HomeserverApi(self._url, SecretStr(str(self.client.access_token)))

    async def say(self, rooms: list[str], content: dict[str, Any], mark: str) -> float:
        """Seconds for all rooms but the first."""
        first = 0.0
        async with self.api() as api:
            for number, room in enumerate(rooms):
                if self.encrypted:
                    await self.client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
                else:
                    where = path("rooms", room, "send", "m.room.message", f"{mark}-{number}")
                    await api.request("PUT", where, content)
                first = first or time.perf_counter()
        return time.perf_counter() - first


async def main(number: int, rounds: int, *, encrypted: bool, voice: bool) -> None:
    """Set up, then take turns."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name) / "world", load_config(ROOT / "config.yaml"))
        world.clear()
        world.homeserver.start()
        bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
        reader: Person | None = None
        peer: Peer | None = None
        try:
            world.register()
            world.write_configuration(bulletins={"voice": "auto" if voice else "off"})
            many_channels(world, number, encrypted=number if encrypted else 0)
            began = time.perf_counter()
            await kentongan("rooms", "apply", config=world.config_path)
            console.print(f"{number} rooms made in {time.perf_counter() - began:.0f} s")
            rooms = channels({one: world.homeserver.resolve(alias) for one, alias in world.aliases().items()})
            reader, peer = await enter(world, rooms, encrypted=encrypted)
            bot.start()
            await bot.until("ready")
            direct = await reader.direct_room(world.bot_id)
            await reader.wait_for_member(direct, world.bot_id)
            await ask(world, reader, direct)
            ratios = []
            for one in range(rounds):
                slot = ("pagi", "sore", "malam")[one % 3]
                date = dt.date.today() - dt.timedelta(days=one // 3)
                ours, answer, content = await announce(world, reader, direct, slot, date, number)
                # As a notice: what a person says in a channel is read as a report, and that is work of its own.
                theirs = await peer.say(rooms, content | {"msgtype": "m.notice"}, f"{slot}-{date}")
                ratios.append(ours / theirs)
                console.print(
                    f"round {one + 1}: {number} rooms {ours:.1f} s · the plain loop {theirs:.1f} s · "
                    f"ratio {ratios[-1]:.2f} · answer meanwhile {answer:.2f} s"
                    f"{'' if ours <= BOUND and answer <= ANSWER_BOUND else ' · NOT within the bounds'}"
                )
            console.print(f"median ratio: {statistics.median(ratios):.2f}")
        finally:
            bot.stop()
            if reader is not None:
                await reader.leave()
            if peer is not None:
                await peer.client.close()
            world.homeserver.stop()


async def enter(world: World, rooms: list[str], *, encrypted: bool) -> tuple[Person, Peer]:
    """The reader and the peer, both in every room."""
    people = {}
    for name in ("pembaca", "pembanding"):
        people[name] = world.homeserver.register(name, f"{name}-secret")["user_id"]
    admin = world.homeserver.register("admin-2", "admin-2-secret", admin=True)
    world.homeserver.lift_rate_limit(people["pembanding"], admin["access_token"])
    reader = Person(world.homeserver.url, people["pembaca"], world.folder / "people" / "pembaca")
    await reader.enter("pembaca-secret")
    async with HomeserverApi(world.homeserver.url, SecretStr(reader.token)) as api:
        await join_all(api, rooms)
    peer = Peer(world.homeserver.url, people["pembanding"], world.folder / "peer", encrypted=encrypted)
    await peer.enter("pembanding-secret", rooms)
    return reader, peer


async def ask(world: World, reader: Person, direct: str) -> float:
    """Seconds from asking until the answer has been read."""
    start = time.perf_counter()
    mark = transaction_id(f"reply:{await reader.say(direct, QUESTION)}")
    answer = await reader.wait(lambda seen: seen.content.get(KEY_FIELD) == mark, PATIENCE, what="an answer")
    return answer.seen_at - start


async def announce(
    world: World, reader: Person, direct: str, slot: str, date: dt.date, number: int
) -> tuple[float, float, dict[str, Any]]:
    """(seconds from the first room to the last, seconds of the answer in between, what was said)."""
    engine = create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}")

    def sent() -> list[Any]:
        key = outbox.c.key.startswith(f"bulletin:{slot}:{date}:")
        with engine.connect() as connection:
            return list(connection.execute(select(outbox).where(key, outbox.c.state == "sent")))

    async def until(least: int) -> list[Any]:
        deadline = time.perf_counter() + PATIENCE
        while len(rows := await asyncio.to_thread(sent)) < least:
            if time.perf_counter() > deadline:
                raise SystemExit(f"{len(rows)} of {number} rooms after {PATIENCE} s")
            await asyncio.sleep(0.1)
        return rows

    await kentongan("bulletin", "send", slot, "--date", str(date), config=world.config_path)
    await until(number // 10)
    answer = await ask(world, reader, direct)
    rows = await until(number)
    engine.dispose()
    times = [row.sent_at for row in rows]
    return (max(times) - min(times)) / 1000, answer, dict(rows[0].content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encrypted", action="store_true")
    parser.add_argument("--voice", action="store_true")
    options = parser.parse_args()
    asyncio.run(main(options.rooms, options.rounds, encrypted=options.encrypted, voice=options.voice))
