"""The whole bot as a process of its own, on a real Synapse with the rooms of `rooms/`, and people who talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml
from nio.crypto.attachments import encrypt_attachment
from prepared import Prepared
from proxy import Proxy
from pydantic import SecretStr
from sqlalchemy import create_engine, select

from bot.config import load_config
from bot.demo.homeserver import EmbeddedHomeserver, free_port
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.api import HomeserverApi, path
from bot.matrix.media import upload
from bot.matrix.person import Person, Seen
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store.tables import inbox, outbox, transcripts, transmissions
from bot.voice.audio import describe

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "tests" / "notes"
ANSWER_SECONDS = 60
MB = 1 << 20
SHORTEST_SECRET = 8
CHEAP = {"bcrypt_rounds": 4}
"""Nobody steals these passwords, and every account costs half a second of hashing."""
QUIET = "none"
OFTEN = "bot.rounds.DUTY_SECONDS=2"
"""Claims wait for what comes round: people can wait ten seconds, a hundred claims need not."""
MADE_OTHERWISE = frozenset(("homeserver", "secrets", "paths", "database", "rooms"))
"""Sections of config.yaml that `rooms apply` goes by."""


class BotWorld:
    """Get one from `bot_world`."""

    def __init__(self, world: World, bot: BotProcess, log: Path, proxy: Proxy | None) -> None:
        self.world, self.bot, self.log, self.proxy = world, bot, log, proxy
        self.homeserver = world.homeserver
        self.bot_id = world.bot_id
        self.rooms: dict[str, str] = {}
        """Room name → id."""
        self.people: list[Person] = []
        self.said: list[str] = []
        """What people wrote: never to be found in the log."""
        self._numbers = itertools.count(1)
        self._engine = create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}")

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────

    async def person(self, name: str = "warga", *, joins: Sequence[str] = ()) -> Person:
        """Somebody new, signed in; a member of the rooms named, where the bot is known to be there."""
        password = secrets.token_urlsafe(9)
        localpart = f"{name}-{next(self._numbers)}"
        registered = await asyncio.to_thread(self.homeserver.register, localpart, password)
        return await self._enter(registered["user_id"], password, joins)

    async def account(self, role: str, *, joins: Sequence[str] = ()) -> Person:
        """Somebody of the scene, signed in: officers are named in the files."""
        account = self.world.account(role)
        return await self._enter(account.user_id, account.password, joins)

    async def _enter(self, user_id: str, password: str, joins: Sequence[str]) -> Person:
        folder = self.world.folder / "people" / user_id[1:].partition(":")[0]
        person = Person(self.homeserver.url, user_id, folder)
        await person.enter(password)
        self.people.append(person)
        for room in joins:
            await person.join(self.rooms[room])
            await person.wait_for_member(self.rooms[room], self.bot_id)
        return person

    async def direct(self, person: Person) -> str:
        """A new encrypted DM that the bot has joined."""
        room = await person.direct_room(self.bot_id)
        await person.wait_for_member(room, self.bot_id)
        return room

    async def say(self, person: Person, room: str, body: str, **content: Any) -> str:
        """Send a text; the event id."""
        self.said.append(body)
        return await person.say(room, body, **content)

    async def note(self, person: Person, room: str, name: str = "macet") -> str:
        """Send one of the spoken notes; the event id."""
        file = NOTES / f"{name}.ogg"
        duration_ms, waveform = await asyncio.to_thread(describe, file)
        return await person.say_aloud(room, file, duration_ms=duration_ms, waveform=waveform)

    async def attachment(self, person: Person, data: bytes, *, encrypt: bool = True) -> dict[str, Any]:
        """Upload; `file` or `url` for a message's content."""
        keys: dict[str, Any] = {}
        if encrypt:
            data, keys = await asyncio.to_thread(encrypt_attachment, data)
        async with self.api(person) as api:
            uri = await upload(api, data, "application/octet-stream")
        return {"file": {**keys, "url": uri}} if encrypt else {"url": uri}

    async def post_clear(self, person: Person, room: str, content: dict[str, Any]) -> str:
        """Send a message unencrypted, whatever the room is; the event id."""
        async with self.api(person) as api:
            where = path("rooms", room, "send", "m.room.message", secrets.token_hex(8))
            return str((await api.request("PUT", where, content))["event_id"])

    def api(self, person: Person) -> HomeserverApi:
        """Raw calls as this person: an async context manager."""
        return HomeserverApi(self.homeserver.url, SecretStr(person.token))

    # ── what the bot says ───────────────────────────────────────────────────────────────────────────────

    def replies(self, person: Person, event_id: str) -> list[Seen]:
        """The bot's answers to this event as the person has them."""
        return [seen for seen in person.seen if self._is_reply(seen, event_id)]

    async def reply(self, person: Person, event_id: str, seconds: float = ANSWER_SECONDS) -> Seen:
        """The bot's answer, waited for."""
        return await person.wait(lambda seen: self._is_reply(seen, event_id), seconds, what=f"answer to {event_id}")

    def _is_reply(self, seen: Seen, event_id: str) -> bool:
        mark = transaction_id(f"reply:{event_id}")
        return seen.sender == self.bot_id and seen.content.get(KEY_FIELD) == mark

    async def settle(self, *rooms: tuple[Person, str]) -> None:
        """Until the bot has nothing left to do and each person has seen what it said in the room until then."""
        await self.until(lambda: not self.waiting(), "nothing waits", 180)
        for person, room in rooms:
            await self.reply(person, await self.say(person, room, "menu"))

    def counted(self, person: Person, questions: Sequence[str]) -> Counter[str]:
        """How many answers each question has."""
        return Counter({event_id: len(self.replies(person, event_id)) for event_id in questions})

    # ── what the bot keeps ──────────────────────────────────────────────────────────────────────────────

    def rows(self, statement: Any) -> list[Any]:
        """Rows of the bot's database; none while there is no database."""
        if not (self.world.folder / "data" / "kentongan.db").exists():
            return []
        with self._engine.connect() as connection:
            return list(connection.execute(statement))

    def transmission(self, event_id: str) -> Any:
        """The log's row of a note; `None` when it is not there."""
        return next(iter(self.rows(select(transmissions).where(transmissions.c.event_id == event_id))), None)

    def waiting(self) -> list[str]:
        """What is not done: event ids and keys."""
        return [
            *(row[0] for row in self.rows(select(inbox.c.event_id).where(inbox.c.state == "new"))),
            *(row[0] for row in self.rows(select(outbox.c.key).where(outbox.c.state == "queued"))),
            *(row[0] for row in self.rows(select(transmissions.c.event_id).where(transmissions.c.state == "queued"))),
        ]

    # ── the process ─────────────────────────────────────────────────────────────────────────────────────

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait for a condition (looked at in a thread, since it may read files)."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := await asyncio.to_thread(condition)):
                    await asyncio.sleep(0.05)
                return found
        except TimeoutError:
            raise AssertionError(f"not within {seconds:g} s: {what}\n{self.bot.tail()}") from None

    async def until_health(self, seconds: float = 60, **wanted: bool) -> None:
        """Wait until /healthz says this."""

        def look() -> bool:
            health = self.bot.health()
            return all(health.get(key) is value for key, value in wanted.items())

        await self.until(look, f"health {wanted}", seconds)

    def start(self) -> None:
        """Start the bot without waiting."""
        self.bot.start()

    async def stop(self, *, kill: bool = False) -> int:
        """End the bot; its exit status. (In a thread: the proxy goes on meanwhile.)"""
        return await asyncio.to_thread(self.bot.stop, kill=kill)

    async def ended(self, seconds: float = 60) -> int:
        """Wait for the bot to end by itself; its exit status."""
        process = self.bot._process
        assert process is not None
        code = await asyncio.to_thread(process.wait, seconds)
        self.bot._process = None
        return code

    def family(self) -> list[psutil.Process]:
        """The bot and all its descendants."""
        try:
            bot = psutil.Process(self.bot.pid)
            return [bot, *bot.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[psutil.Process]:
        """The speech workers: children that hold a model."""
        found = []
        for process in self.family()[1:]:
            with contextlib.suppress(psutil.Error):
                if process.memory_info().rss > 150 * MB:
                    found.append(process)
        return found

    # ── what the log must not hold ──────────────────────────────────────────────────────────────────────

    def assert_log_is_discreet(self) -> None:
        """No message, transcript, token, password or key of this run stands in the bot's log."""
        log = self.log.read_text(errors="replace")
        assert log
        heard = [row[0] for row in self.rows(select(transcripts.c.text))]
        answers = [seen.body for person in self.people for seen in person.seen if seen.sender == self.bot_id]
        # One word ("menu") says nothing and may be a word of the log's own.
        lines = {line for text in (*self.said, *heard, *answers) for line in text.splitlines() if " " in line.strip()}
        folder = self.world.folder
        files = [folder / "bot.password", *(folder / "secrets").glob("*.key")]
        kept = [file.read_text().strip() for file in files if file.exists()]
        session = folder / "data" / "crypto" / "session.json"
        if session.exists():
            kept.append(json.loads(session.read_text())["access_token"])
        assert all(len(secret) > SHORTEST_SECRET for secret in kept)
        assert [text for text in (*lines, *kept) if text in log] == []


def altered(*constants: str) -> tuple[str, ...]:
    """The `kentongan` command with constants changed; see altered.py."""
    return (sys.executable, str(Path(__file__).parent / "altered.py"), *constants, "--")


def _configure(world: World, proxy_url: str | None, greet: str, sections: dict[str, dict[str, Any]]) -> None:
    home = {"url": proxy_url} if proxy_url else {}
    base: dict[str, dict[str, Any]] = {"log": {"level": "debug"}, "bulletins": {"enabled": False}}
    # The word that a note waits is a claim of its own; elsewhere a busy machine shall not bring it in between.
    speech = {"notice_seconds": 600, **sections.get("speech", {})}
    homeserver = {**home, **sections.get("homeserver", {})}
    world.write_configuration(**{**base, **sections, "speech": speech, "homeserver": homeserver})
    rooms = world.folder / "rooms" / "rooms.yaml"
    described = yaml.safe_load(rooms.read_text())
    described["defaults"]["notices"]["greet"] = greet
    rooms.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False))


async def _make(world: World) -> None:
    await asyncio.to_thread(world.register)
    _configure(world, None, QUIET, {})
    await kentongan("rooms", "apply", config=world.config_path)


_PREPARED = Prepared()


@asynccontextmanager
async def bot_world(
    folder: Path,
    *,
    proxied: bool = False,
    start: bool = True,
    constants: Sequence[str] = (),
    settings: dict[str, Any] | None = None,
    synapse: EmbeddedHomeserver | None = None,
    prepare: Callable[[World], None] | None = None,
    greet: str = QUIET,
    **sections: dict[str, Any],
) -> AsyncIterator[BotWorld]:
    """A homeserver with its rooms and (with `start`) the running bot; everything ends with the block.

    `proxied` puts a `Proxy` between bot and homeserver (people do not go through it); `constants` are changed as
    altered.py does it; `settings` go to Synapse, `sections` into config.yaml. `synapse` is one that runs already;
    `prepare` may change the world's rooms/ before they are applied. `greet`: how channels greet newcomers; most
    claims count what the bot says in one.
    """
    inside = folder / "world"
    own = EmbeddedHomeserver(inside / "synapse", settings=CHEAP | (settings or {}))
    source = load_config(ROOT / "config.yaml")
    world = World(inside, source, synapse or own)
    world.clear()
    # Rooms as they are shipped, on a homeserver of the world's own: those can be had ready made.
    shipped = synapse is None and prepare is None and greet == QUIET and not MADE_OTHERWISE & sections.keys()
    async with contextlib.AsyncExitStack() as stack:
        if shipped:
            await _PREPARED.copy(world, source, CHEAP, _make)
        if synapse is None:
            await asyncio.to_thread(own.start)
            stack.callback(own.stop)
        proxy = await stack.enter_async_context(Proxy(world.homeserver.url)) if proxied else None
        if not shipped:
            await asyncio.to_thread(world.register)
        _configure(world, proxy.url if proxy else None, greet, sections)
        if prepare is not None:
            await asyncio.to_thread(prepare, world)
        if not shipped:
            await kentongan("rooms", "apply", config=world.config_path)
        log = world.folder / "bot.log"
        # What the bot leaves in the temporary folder is looked at, too.
        command = altered(f"tempfile.tempdir={str(world.folder)!r}", OFTEN, *constants)
        bot = BotProcess(world.config_path, world.health_port, log, command=command)
        found = BotWorld(world, bot, log, proxy)
        for name, alias in world.aliases().items():
            found.rooms[name] = await asyncio.to_thread(world.homeserver.resolve, alias)
        stack.push_async_callback(_leave, found)
        if start:
            bot.start()
            await bot.until("ready")
        yield found
        found.assert_log_is_discreet()


async def _leave(world: BotWorld) -> None:
    await world.stop()
    await asyncio.gather(*(person.leave() for person in world.people), return_exceptions=True)


class MemoryWatch:
    """The highest proportional set size of the bot with all its processes, sampled all the time."""

    def __init__(self, world: BotWorld) -> None:
        self.peak_mb = 0.0
        self.samples = 0
        self._world = world

    async def __aenter__(self) -> MemoryWatch:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, await asyncio.to_thread(self._sum))
            self.samples += 1
            await asyncio.sleep(0.1)

    def _sum(self) -> float:
        total = 0.0
        for process in self._world.family():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss / MB
        return total


def config_beside(world: BotWorld, name: str, **sections: dict[str, Any]) -> Path:
    """A second configuration in the world's folder, with whole sections' keys replaced; its own health port."""
    document = yaml.safe_load(world.world.config_path.read_text())
    document["server"] = {"port": free_port()}
    for section, values in sections.items():
        if isinstance(values, dict):
            document.setdefault(section, {}).update(values)
        else:
            document[section] = values
    file = world.world.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


__all__ = ["ANSWER_SECONDS", "NOTES", "ROOT", "BotWorld", "MemoryWatch", "altered", "bot_world", "config_beside"]
