"""A flood in a channel of 500 members: how much of it is swept, how soon its sender is muted, what it costs.

    .venv/bin/python bench/moderation.py [--members 500] [--seconds 20] [--senders 10]

One member floods the channel in clear, with several requests under way at once, as fast as the homeserver takes them,
for so many seconds or until it is refused. Somebody else asks a question every few seconds meanwhile. Only the server
is looked at: what was accepted, what stands redacted at the end, when the power levels mute the sender. Then, in the
same room of the same run, the peer: a bare nio loop that redacts each message of the flood as fast as it can, with the
bot stopped and another member flooding. It mutes nobody, since it knows only one thing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import nio
import psutil
from rich.console import Console
from rich.progress import track

from bot.config import load_config
from bot.demo.homeserver import ROOMY, EmbeddedHomeserver
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.person import Person

ROOT = Path(__file__).parents[1]
ROOM = "ojol"
QUESTION = "biaya perpanjang sim c berapa ya"
ASK_SECONDS = 4.0
QUIET_SECONDS, LONGEST_SECONDS = 6.0, 120.0
"""Sweeping has ended when nothing was redacted for so long; at the latest after so long."""
PAGE = 500


async def peer(url: str, user_id: str, password: str, target: str) -> None:
    """The peer: redact each message of one person, all at once."""
    client = nio.AsyncClient(url, user_id)
    await client.login(password)
    tasks: set[asyncio.Task[Any]] = set()

    async def on_text(room: nio.MatrixRoom, event: nio.RoomMessageText) -> None:
        if event.sender == target:
            task = asyncio.create_task(client.room_redact(room.room_id, event.event_id))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    client.add_event_callback(on_text, nio.RoomMessageText)
    await client.sync(timeout=0, full_state=True)
    print("ready", flush=True)
    await client.sync_forever(timeout=30_000)


@dataclass
class Flood:
    """What one attack came to."""

    offered: int = 0
    accepted: list[str] = field(default_factory=list)
    first: float = 0.0
    """Unix time of the first message, and of the last that was accepted."""
    last: float = 0.0
    refused_at: float | None = None


class Stage:
    """The homeserver with its channel, seen from outside."""

    def __init__(self, homeserver: EmbeddedHomeserver, room_id: str, token: str) -> None:
        """`token` is of a member who reads the room."""
        self.homeserver, self.room = homeserver, quote(room_id)
        self._token = token

    async def flood(self, token: str, seconds: float, senders: int) -> Flood:
        """Send as fast as the homeserver takes it, until it refuses or the time is over."""
        result = Flood(first=time.time())
        end = time.monotonic() + seconds
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

            async def send() -> None:
                while time.monotonic() < end and result.refused_at is None:
                    result.offered += 1
                    body = {"msgtype": "m.text", "body": f"promo murah meriah nomor {result.offered}, buruan"}
                    where = f"/_matrix/client/v3/rooms/{self.room}/send/m.room.message/{secrets.token_hex(8)}"
                    async with session.put(self.homeserver.url + where, json=body) as answer:
                        if answer.status == 200:
                            result.accepted.append((await answer.json())["event_id"])
                            result.last = time.time()
                        elif answer.status == 403:
                            result.refused_at = result.refused_at or time.time()

            await asyncio.gather(*(send() for _ in range(senders)))
        return result

    async def redacted(self, sender: str) -> list[float]:
        """When each of the sender's events that stand redacted in the room was, as the server dates it."""
        found: list[float] = []
        start = ""
        content = {"senders": [sender], "types": ["m.room.message"]}
        while True:
            where = (
                f"/_matrix/client/v3/rooms/{self.room}/messages?dir=b&limit={PAGE}&filter={quote(json.dumps(content))}"
            )
            page = await asyncio.to_thread(
                self.homeserver.request, "GET", where + (f"&from={start}" if start else ""), None, self._token
            )
            chunk = page.get("chunk", [])
            because = [one.get("unsigned", {}).get("redacted_because") for one in chunk]
            found += [one["origin_server_ts"] / 1000 for one in because if one]
            if not chunk or not page.get("end"):
                return sorted(found)
            start = page["end"]

    async def swept(self, sender: str, wanted: int) -> list[float]:
        """The same, once nothing more is redacted."""
        found: list[float] = []
        count, changed, end = 0, time.monotonic(), time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < min(end, changed + QUIET_SECONDS) and count < wanted:
            await asyncio.sleep(0.5)
            found = await self.redacted(sender)
            if len(found) != count:
                count, changed = len(found), time.monotonic()
        return found

    async def muted_at(self, sender: str) -> float | None:
        """When the power levels that silence the sender were written, as the server dates them; `None`: not at all."""
        state: Any = await asyncio.to_thread(
            self.homeserver.request, "GET", f"/_matrix/client/v3/rooms/{self.room}/state", None, self._token
        )
        (event,) = (one for one in state if one["type"] == "m.room.power_levels")
        levels = event["content"]
        silent = levels.get("users", {}).get(sender, levels.get("users_default", 0)) < levels.get("events_default", 0)
        return event["origin_server_ts"] / 1000 if silent else None


class Processor:
    """CPU seconds of a process with its children, from here on."""

    def __init__(self, pid: int) -> None:
        self._pid, self._before = pid, 0.0
        self._before = self.seconds

    @property
    def seconds(self) -> float:
        """So far."""
        first = psutil.Process(self._pid)
        spent = 0.0
        for process in (first, *first.children(recursive=True)):
            times = process.cpu_times()
            spent += times.user + times.system
        return spent - self._before


async def ask(person: Person, room: str, bot_id: str) -> float | None:
    """Ask once; seconds until the answer is read, `None` when none came within a minute."""
    start = time.perf_counter()
    event_id = await person.say(room, QUESTION, **{"m.mentions": {"user_ids": [bot_id]}})
    try:
        seen = await person.wait(
            lambda seen: seen.sender == bot_id and seen.relation.get("event_id") == event_id, 60, what="answer"
        )
    except TimeoutError:
        return None
    return seen.seen_at - start


async def keep_asking(person: Person, room: str, bot_id: str, done: asyncio.Event) -> list[float | None]:
    """Ask every few seconds until done."""
    waits: list[asyncio.Task[float | None]] = []
    while not done.is_set():
        waits.append(asyncio.create_task(ask(person, room, bot_id)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), ASK_SECONDS)
    return list(await asyncio.gather(*waits))


def tell(console: Console, name: str, flood: Flood, swept: list[float], muted: float | None, cpu: float) -> None:
    """One line for each of them."""
    seconds = max(flood.last - flood.first, 0.001)
    share = len(swept) / len(flood.accepted) if flood.accepted else 0.0
    last = f", the last {swept[-1] - flood.last:.1f} s after the flood" if swept else ""
    mute = "mutes nobody" if muted is None else f"muted after {muted - flood.first:.2f} s"
    rate = len(flood.accepted) / seconds
    console.print(
        f"{name}: offered {flood.offered}, accepted {len(flood.accepted)} in {seconds:.1f} s ({rate:.1f}/s) · "
        f"redacted {len(swept)} ({share:.0%}{last}) · {mute} · CPU {cpu:.1f} s"
    )


async def main(members: int, seconds: float, senders: int) -> None:
    """The bot first, then the peer."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        home = EmbeddedHomeserver(Path(folder) / "synapse", settings={"bcrypt_rounds": 4, "rc_joins_per_room": ROOMY})
        world = World(Path(folder) / "world", load_config(ROOT / "config.yaml"), home)
        world.clear()
        home.start()
        bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
        other: subprocess.Popen[bytes] | None = None
        people: list[Person] = []
        try:
            world.register()
            world.write_configuration(bulletins={"enabled": False}, speech={"workers": 1})
            await kentongan("rooms", "apply", config=world.config_path)
            room_id = home.resolve(world.aliases()[ROOM])
            for number in track(range(members), "members join", console=console):
                token = home.register(f"anggota{number}", "a-password")["access_token"]
                await asyncio.to_thread(home.request, "POST", f"/_matrix/client/v3/join/{quote(room_id)}", {}, token)
            attackers = [home.register(f"perusuh{number}", "a-password") for number in range(2)]
            for attacker in attackers:
                where = f"/_matrix/client/v3/join/{quote(room_id)}"
                await asyncio.to_thread(home.request, "POST", where, {}, attacker["access_token"])
            officer, asker = world.account("petugas"), world.account("warga")
            for account in (officer, asker):
                person = Person(home.url, account.user_id, world.folder / "people" / account.role)
                await person.enter(account.password)
                await person.join(room_id)
                people.append(person)
            bot.start()
            await bot.until("ready", "synced")
            warga = people[1]
            await warga.wait_for_member(room_id, world.bot_id)
            stage = Stage(home, room_id, people[0].token)
            await ask(warga, room_id, world.bot_id)  # keys are exchanged
            over = asyncio.Event()
            asking = asyncio.create_task(keep_asking(warga, room_id, world.bot_id, over))
            used = Processor(bot.pid)
            flood = await stage.flood(attackers[0]["access_token"], seconds, senders)
            sender = attackers[0]["user_id"]
            swept = await stage.swept(sender, len(flood.accepted))
            tell(console, "kentongan", flood, swept, await stage.muted_at(sender), used.seconds)
            over.set()
            waits = await asking
            answered = [one for one in waits if one is not None]
            middle = f", median {statistics.median(answered):.2f} s, longest {max(answered):.2f} s" if answered else ""
            console.print(f"kentongan: answered {len(answered)} of {len(waits)} questions asked meanwhile{middle}")
            await asyncio.to_thread(bot.stop)

            sender = attackers[1]["user_id"]
            other = subprocess.Popen(
                [sys.executable, __file__, "--peer", home.url, officer.user_id, officer.password, sender],
                stdout=subprocess.PIPE,
            )
            assert other.stdout is not None
            await asyncio.to_thread(other.stdout.readline)
            used = Processor(other.pid)
            flood = await stage.flood(attackers[1]["access_token"], seconds, senders)
            swept = await stage.swept(sender, len(flood.accepted))
            tell(console, "bare nio loop", flood, swept, await stage.muted_at(sender), used.seconds)
        finally:
            bot.stop()
            if other is not None:
                other.terminate()
            await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
            home.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        asyncio.run(peer(*sys.argv[2:6]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--members", type=int, default=500)
        parser.add_argument("--seconds", type=float, default=20)
        parser.add_argument("--senders", type=int, default=10)
        options = parser.parse_args()
        asyncio.run(main(options.members, options.seconds, options.senders))
