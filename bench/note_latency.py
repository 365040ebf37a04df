"""How long until a voice note's transcript is read in its thread, and how does a burst of notes drain?

Whole path: an embedded Synapse, the real bot as a process of its own with its speech workers, drivers with clients of
their own in the encrypted channels. The clock runs from the moment the note has arrived (its sending has returned)
until its sender has read and decrypted the transcript. First one note at a time; with `--burst` then many at once in
two chatty channels, and one note, in their middle, from a third in which somebody is in danger.

The peer, in the same run: faster-whisper's plain `transcribe(file, language="id")` of the same file in a process that
has its model loaded. The two take turns note by note, so the ratio says what delivery costs (and what our settings of
the model save).

    .venv/bin/python bench/speech.py --make /dev/shm/clips --notes 40
    .venv/bin/python bench/note_latency.py /dev/shm/clips [--notes 40] [--burst 60] [--model base]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import Progress, track
from speech import SOUNDS, length_of
from sqlalchemy import create_engine, select

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.incidents import answers
from bot.markup import render
from bot.matrix.person import Person, Seen
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store.tables import incidents, transmissions
from bot.voice.audio import describe
from bot.voice.models import find_model

ROOT = Path(__file__).resolve().parents[1]
CHATTY = ("ojol", "desa-siaga")
IN_DANGER = "nelayan"
ALARM = "Tolong, rumah kebakaran di Subah, ada orang terjebak di dalam, api makin besar!"
FACTOR, CONSTANT = 0.4, 2.0
"""A transcript is to be read within its note's length times the one and, in seconds, the other."""
NOTE_SECONDS = 180
"""A single note that takes longer ends the run; notes of a burst may wait for all the others as well."""
WAITING = str(render(answers.waiting()).content()["body"])
PEER = """
import sys, time
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8")
print("ready", flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    segments, _ = model.transcribe(line.rstrip("\\n"), language="id")
    list(segments)
    print(time.perf_counter() - begin, flush=True)
"""


@dataclass(frozen=True)
class Clip:
    """A voice note as a client sends it."""

    file: Path
    seconds: float
    duration_ms: int
    waveform: list[int]

    @property
    def bound(self) -> float:
        """Seconds within which its transcript is to be read."""
        return self.seconds * FACTOR + CONSTANT


@dataclass(frozen=True)
class Told:
    """A note and when its transcript was read; moments of time.perf_counter()."""

    clip: Clip
    event_id: str
    arrived: float
    read: float

    @property
    def seconds(self) -> float:
        """From arrival until read."""
        return self.read - self.arrived


class Peer:
    """faster-whisper in a process of its own, its model loaded."""

    def __init__(self, model: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PEER, str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"faster-whisper ended with exit code {self._process.wait()}")
        return line

    def hear(self, clip: Clip) -> float:
        """Seconds that one file takes."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{clip.file}\n")
        self._process.stdin.flush()
        return float(self._line())

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


class Scene:
    """The world with its bot, and one driver in each of the three channels."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "world", load_config(ROOT / "config.yaml"))
        self.bot = BotProcess(self.world.config_path, self.world.health_port, self.world.folder / "bot.log")
        self.drivers: dict[str, tuple[Person, str]] = {}
        """Room name → driver and room id."""

    async def start(self, model: str) -> None:
        """Homeserver, rooms, bot, drivers."""
        self.world.clear()
        await asyncio.to_thread(self.world.homeserver.start)
        await asyncio.to_thread(self.world.register)
        self.world.write_configuration(speech={"model": model}, bulletins={"enabled": False})
        self._lift_limits()
        await kentongan("rooms", "apply", config=self.world.config_path)
        self.bot.start()
        await self.bot.until("ready")
        aliases = self.world.aliases()
        for name in (*CHATTY, IN_DANGER):
            password = secrets.token_urlsafe(9)
            user_id = self.world.homeserver.register(f"pengemudi-{name}", password)["user_id"]
            person = Person(self.world.homeserver.url, user_id, self.world.folder / "people" / name)
            await person.enter(password)
            room_id = await person.join(aliases[name])
            self.drivers[name] = person, room_id
            await person.wait_for_member(room_id, self.world.bot_id)

    def _lift_limits(self) -> None:
        """One driver speaks for many: more reports than the roster lets one person make."""
        file = self.world.folder / "rooms" / "piket.yaml"
        roster = yaml.safe_load(file.read_text(encoding="utf-8"))
        roster["limits"]["reports"] = 1000
        file.write_text(yaml.safe_dump(roster, allow_unicode=True, sort_keys=False), encoding="utf-8")

    async def stop(self) -> None:
        """End everything."""
        await asyncio.to_thread(self.bot.stop)
        await asyncio.gather(*(person.leave() for person, _ in self.drivers.values()), return_exceptions=True)
        await asyncio.to_thread(self.world.homeserver.stop)

    async def send(self, name: str, clip: Clip) -> tuple[str, float]:
        """A note into a channel; its event id and when it had arrived."""
        person, room_id = self.drivers[name]
        event_id = await person.say_aloud(room_id, clip.file, duration_ms=clip.duration_ms, waveform=clip.waveform)
        return event_id, time.perf_counter()

    async def transcript(self, name: str, event_id: str, seconds: float) -> Seen:
        """The thread reply with the transcript as the sender reads it; not the word that the note waits."""
        mark, waiting = transaction_id(f"reply:{event_id}"), set[str]()

        def look(seen: Seen) -> bool:
            if seen.sender != self.world.bot_id:
                return False
            if seen.content.get(KEY_FIELD) == mark:
                if seen.body != WAITING:
                    return True
                waiting.add(seen.event_id)
            return seen.relation.get("rel_type") == "m.replace" and seen.relation.get("event_id") in waiting

        return await self.drivers[name][0].wait(look, seconds, what=f"transcript of {event_id}")

    async def note(self, name: str, clip: Clip, seconds: float = NOTE_SECONDS) -> Told:
        """Send a note and read its transcript."""
        event_id, arrived = await self.send(name, clip)
        return Told(clip, event_id, arrived, (await self.transcript(name, event_id, seconds)).seen_at)

    async def alarm(self) -> None:
        """Somebody is in danger in the third channel; ends the run when the bot does not see it so."""
        person, room_id = self.drivers[IN_DANGER]
        mark = transaction_id(f"reply:{await person.say(room_id, ALARM)}")
        await person.wait(lambda seen: seen.content.get(KEY_FIELD) == mark, what="answer to the alarm")
        if "darurat" not in self._column(select(incidents.c.urgency)):
            raise SystemExit("the report that opens the third channel's emergency was not taken for one")

    def unheard(self, told: Sequence[Told]) -> int:
        """How many of these notes were answered without having been heard."""
        query = select(transmissions.c.event_id).where(transmissions.c.state == "heard")
        return len({one.event_id for one in told} - set(self._column(query)))

    def hearing(self, told: Sequence[Told]) -> list[float]:
        """Seconds of each note, in some order, from the log's row until its transcript stands there: fetching,
        waiting for a worker, recognising, taking up."""
        spent = transmissions.c.heard_at - transmissions.c.received_at
        events = [one.event_id for one in told]
        query = select(spent).where(transmissions.c.event_id.in_(events), transmissions.c.heard_at.is_not(None))
        return [int(one) / 1000 for one in self._column(query)]

    def _column(self, query: object) -> list[str]:
        engine = create_engine(f"sqlite:///{self.world.folder / 'data' / 'kentongan.db'}")
        with engine.connect() as connection:
            found = [str(row[0]) for row in connection.execute(query)]  # type: ignore[call-overload]
        engine.dispose()
        return found


def p95(values: Sequence[float]) -> float:
    """95th percentile, of two values or more; of fewer, the value."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def read_clips(folder: Path, most: int) -> list[Clip]:
    """The first clips of a folder."""
    files = sorted(path for path in folder.iterdir() if path.suffix in SOUNDS) if folder.is_dir() else []
    if not files:
        raise SystemExit(f"{folder}: no clips; make some: python bench/speech.py --make {folder} --notes 40")
    return [
        Clip(file, length_of(file), *describe(file))
        for file in track(files[:most], "reading clips", console=CONSOLE, transient=True)
    ]


async def one_at_a_time(scene: Scene, peer: Peer, clips: Sequence[Clip]) -> None:
    """Each note alone, the peer in turn before and after it."""
    told, plain = [], []
    with Progress(console=CONSOLE, transient=True) as progress:
        task = progress.add_task("one note at a time", total=len(clips))
        for number, clip in enumerate(clips):
            if number % 2:
                plain.append(await asyncio.to_thread(peer.hear, clip))
            told.append(await scene.note(CHATTY[0], clip))
            if not number % 2:
                plain.append(await asyncio.to_thread(peer.hear, clip))
            one = told[-1]
            progress.console.print(
                f"{clip.file.name}: {clip.seconds:4.1f} s long, read after {one.seconds:5.2f} s"
                f" (bound {clip.bound:.2f}); faster-whisper {plain[-1]:5.2f} s"
            )
            progress.advance(task)
    over = [one.seconds - one.clip.bound for one in told]
    within = sum(value <= 0 for value in over)
    CONSOLE.print(
        f"one at a time: {within} of {len(told)} ({100 * within / len(told):.0f} %) within length × {FACTOR} +"
        f" {CONSTANT:g} s; time over the bound p50 {statistics.median(over):+.2f} s, p95 {p95(over):+.2f} s"
        f" (target p95 ≤ 0); read after p50 {statistics.median(one.seconds for one in told):.2f} s,"
        f" p95 {p95([one.seconds for one in told]):.2f} s; not heard: {scene.unheard(told)}"
    )
    ratios = [one.seconds / alone for one, alone in zip(told, plain, strict=True)]
    more = [one.seconds - alone for one, alone in zip(told, plain, strict=True)]
    CONSOLE.print(
        f"beside faster-whisper alone (p50 {statistics.median(plain):.2f} s, p95 {p95(plain):.2f} s):"
        f" median ratio {statistics.median(ratios):.2f}, median difference {statistics.median(more):+.2f} s"
    )
    if hearing := scene.hearing(told):
        rest = sum(one.seconds for one in told) / len(told) - sum(hearing) / len(hearing)
        CONSOLE.print(
            f"of it, in the mean: from the log's row to its transcript {sum(hearing) / len(hearing):.2f} s,"
            f" the way there and back {rest:.2f} s"
        )


async def burst(scene: Scene, peer: Peer, clips: Sequence[Clip], count: int) -> None:
    """Many notes at once, one of them from the room in danger."""
    await scene.alarm()
    notes = [clips[number % len(clips)] for number in range(count)]
    *rest, urgent = notes
    half = asyncio.Event()
    sent = 0
    patience = NOTE_SECONDS + 10 * sum(clip.seconds for clip in notes)
    with Progress(console=CONSOLE, transient=True) as progress:
        sending = progress.add_task("sending", total=count)
        reading = progress.add_task("reading transcripts", total=count)

        async def follow(name: str, clip: Clip, event_id: str, arrived: float) -> Told:
            seen = await scene.transcript(name, event_id, patience)
            progress.advance(reading)
            return Told(clip, event_id, arrived, seen.seen_at)

        async def chat(name: str, mine: Sequence[Clip], after: Callable[[], None]) -> list[Told]:
            tasks = []
            for clip in mine:
                tasks.append(asyncio.create_task(follow(name, clip, *await scene.send(name, clip))))
                progress.advance(sending)
                after()
            return list(await asyncio.gather(*tasks))

        def count_sent() -> None:
            nonlocal sent
            sent += 1
            if sent * 2 >= len(rest):
                half.set()

        async def cry() -> list[Told]:
            await half.wait()
            return await chat(IN_DANGER, [urgent], lambda: None)

        rooms = (chat(name, rest[start :: len(CHATTY)], count_sent) for start, name in enumerate(CHATTY))
        (cried,), *others = await asyncio.gather(cry(), *rooms)
    told = [one for room in others for one in room]
    first, last = min(one.arrived for one in told), max(one.read for one in (*told, cried))
    drain, length = last - first, sum(clip.seconds for clip in notes)
    waits = [one.seconds for one in told]
    CONSOLE.print(
        f"burst of {count} notes, {length:.0f} s of sound, arrived within"
        f" {max(one.arrived for one in told) - first:.1f} s: drained in {drain:.1f} s"
        f" ({drain / length:.2f} of the sound's length, {60 * count / drain:.1f} notes a minute);"
        f" not heard: {scene.unheard([*told, cried])}"
    )
    before = sum(one.arrived < cried.arrived < one.read for one in told)
    passed = sum(cried.arrived < one.read < cried.read for one in told)
    CONSOLE.print(
        f"the note of the room in danger ({urgent.seconds:.1f} s long) was read after {cried.seconds:.1f} s;"
        f" {before} notes waited when it came, {passed} of all were read before it;"
        f" the chatty rooms' waited p50 {statistics.median(waits):.1f} s, p95 {p95(waits):.1f} s"
    )
    plain = 0.0
    for clip in track(notes, "faster-whisper, one after the other", console=CONSOLE, transient=True):
        plain += await asyncio.to_thread(peer.hear, clip)
    CONSOLE.print(f"faster-whisper alone, one after the other: {plain:.1f} s, {plain / drain:.2f} times our drain")


async def main(folder: Path, notes: int, many: int, model: str) -> None:
    """Set up, warm both sides, measure."""
    clips = read_clips(folder, max(notes, many))
    CONSOLE.print(f"{len(clips)} clips, model {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        scene = Scene(Path(scratch))
        peer: Peer | None = None
        try:
            with CONSOLE.status("starting homeserver, rooms, bot, drivers and faster-whisper"):
                await scene.start(model)
                peer = await asyncio.to_thread(Peer, find_model(model))
            with CONSOLE.status("warming up: workers, keys of each room"):
                await asyncio.gather(*(scene.note(name, clips[0]) for name in scene.drivers))
                await asyncio.to_thread(peer.hear, clips[0])
            if notes:
                await one_at_a_time(scene, peer, clips[:notes])
            if many:
                await burst(scene, peer, clips, many)
            CONSOLE.print(f"load at the end {os.getloadavg()[0]:.1f}")
        finally:
            if peer is not None:
                peer.stop()
            await scene.stop()


CONSOLE = Console(soft_wrap=True, highlight=False)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="clips as bench/speech.py --make writes them")
    parser.add_argument("--notes", type=int, default=40, help="sent one at a time; 0: none")
    parser.add_argument("--burst", type=int, default=0, help="sent at once, three or more; 0: none")
    parser.add_argument("--model", default="base")
    given = parser.parse_args()
    if min(given.notes, given.burst) < 0 or given.burst in (1, 2) or not given.notes + given.burst:
        parser.error("--notes and --burst: 0 or more, not both 0; a burst has at least three notes")
    logging.getLogger("nio").setLevel(logging.ERROR)  # it warns of every session that it is about to open
    asyncio.run(main(given.folder, given.notes, given.burst, given.model))
