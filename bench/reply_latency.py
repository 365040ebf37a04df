"""How long until the bot's answer is read, beside a bare nio echo bot on the same homeserver.

Encrypted, 4 messages a second spread over 20 direct rooms, alternating pairs:

    .venv/bin/python bench/reply_latency.py [--pairs 5] [--messages 100]

Prints a line a run and the median of the pairs' ratios of p95.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nio
from rich.console import Console
from rich.progress import track

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.person import Person, Seen

ROOT = Path(__file__).parents[1]
DIRECT_ROOMS = 20
PER_SECOND = 4.0
QUESTION = "biaya perpanjang sim c berapa ya"


async def echo(url: str, user_id: str, password: str, folder: str) -> None:
    """The peer: log in, join what one is invited to, answer every text with itself. Nothing else."""
    client = nio.AsyncClient(
        url, user_id, store_path=folder, config=nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
    )
    await client.login(password)

    async def on_invite(room: nio.MatrixRoom, event: nio.InviteMemberEvent) -> None:
        if event.state_key == user_id:
            await client.join(room.room_id)

    async def on_text(room: nio.MatrixRoom, event: nio.RoomMessageText) -> None:
        if event.sender != user_id:
            relation = {"m.in_reply_to": {"event_id": event.event_id}}
            content = {"msgtype": "m.text", "body": event.body, "m.relates_to": relation}
            await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)

    client.add_event_callback(on_invite, nio.InviteMemberEvent)
    client.add_event_callback(on_text, nio.RoomMessageText)
    await client.sync(timeout=0, full_state=True)
    print("ready", flush=True)
    await client.sync_forever(timeout=30_000)


async def measure(people: list[Person], rooms: list[tuple[Person, str]], bot_id: str, messages: int) -> list[float]:
    """Seconds from the start of a message's sending until its answer is read, one for each message."""
    sent: dict[str, float] = {}
    answered: dict[str, float] = {}
    marks = {person.user_id: len(person.seen) for person in people}

    async def send(person: Person, room: str) -> None:
        start = time.perf_counter()
        sent[await person.say(room, QUESTION)] = start

    async def collect(person: Person) -> None:
        def look(seen: Seen) -> bool:
            target = (seen.relation.get("m.in_reply_to") or {}).get("event_id")
            if seen.sender == bot_id and target:
                answered.setdefault(target, seen.seen_at)
            return False

        while True:
            for seen in person.seen[marks[person.user_id] :]:
                look(seen)
            marks[person.user_id] = len(person.seen)
            await person.news()

    collectors = [asyncio.create_task(collect(person)) for person in people]
    begin = time.perf_counter()
    tasks = []
    for number in range(messages):
        await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.perf_counter()))
        tasks.append(asyncio.create_task(send(*rooms[number % len(rooms)])))
    await asyncio.gather(*tasks)
    deadline = time.perf_counter() + 60
    while len(set(sent) & set(answered)) < messages and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    for collector in collectors:
        collector.cancel()
    missing = set(sent) - set(answered)
    if missing:
        raise SystemExit(f"{len(missing)} of {messages} messages were not answered")
    return [answered[event_id] - start for event_id, start in sent.items()]


def p95(values: list[float]) -> float:
    """95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


async def main(pairs: int, messages: int) -> None:
    """Set both bots up on one homeserver, then alternate."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "world", load_config(ROOT / "config.yaml"))
        world.clear()
        world.homeserver.start()
        bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
        peer: subprocess.Popen[bytes] | None = None
        people: list[Person] = []
        try:
            world.register()
            world.write_configuration()
            await kentongan("rooms", "apply", config=world.config_path)
            echo_id = world.homeserver.register("echo", "echo-secret")["user_id"]
            bot.start()
            await bot.until("ready")
            peer = subprocess.Popen(
                [sys.executable, __file__, "--echo", world.homeserver.url, echo_id, "echo-secret", folder],
                stdout=subprocess.PIPE,
            )
            assert peer.stdout is not None
            await asyncio.to_thread(peer.stdout.readline)
            for account in world.accounts:
                person = Person(world.homeserver.url, account.user_id, world.folder / "people" / account.role)
                await person.enter(account.password)
                people.append(person)
            bots = {"kentongan": world.bot_id, "echo": echo_id}
            rooms: dict[str, list[tuple[Person, str]]] = {name: [] for name in bots}
            for name, bot_id in bots.items():
                for number in track(range(DIRECT_ROOMS), f"rooms with {name}", console=console):
                    person = people[number % len(people)]
                    room = await person.direct_room(bot_id)
                    await person.wait_for_member(room, bot_id)
                    rooms[name].append((person, room))
                await measure(people, rooms[name], bot_id, DIRECT_ROOMS)  # keys are exchanged once a room
            ratios = []
            for pair in range(pairs):
                order = list(bots) if pair % 2 == 0 else list(reversed(bots))
                results = {name: await measure(people, rooms[name], bots[name], messages) for name in order}
                tails = {name: p95(values) * 1000 for name, values in results.items()}
                ratios.append(tails["kentongan"] / tails["echo"])
                middle = {name: statistics.median(values) * 1000 for name, values in results.items()}
                console.print(
                    f"pair {pair + 1}: kentongan p50 {middle['kentongan']:.0f} p95 {tails['kentongan']:.0f} ms · "
                    f"echo p50 {middle['echo']:.0f} p95 {tails['echo']:.0f} ms · ratio of p95 {ratios[-1]:.2f}"
                )
            console.print(f"median ratio of p95: {statistics.median(ratios):.2f}")
        finally:
            bot.stop()
            if peer is not None:
                peer.terminate()
            await asyncio.gather(*(person.leave() for person in people), return_exceptions=True)
            world.homeserver.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        asyncio.run(echo(*sys.argv[2:6]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--pairs", type=int, default=5)
        parser.add_argument("--messages", type=int, default=100)
        options = parser.parse_args()
        asyncio.run(main(options.pairs, options.messages))
