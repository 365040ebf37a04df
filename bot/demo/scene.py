"""The played scene: each step really happens over Matrix, and fails loudly when it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from bot.demo.process import BotProcess, kentongan
from bot.demo.world import BOT, OFFICERS, OPERATIONS, PRIVATE, World
from bot.matrix.person import Person, Seen
from bot.outgoing import KEY_FIELD, transaction_id
from bot.rooms.loader import SPACE

SPOKEN = "kecelakaan"
"""A word of the demo's voice note that the model hears."""
ANSWER_SECONDS = 30
NOTE_SECONDS = 60


class SceneError(Exception):
    """A step did not happen."""


Step = tuple[str, Callable[[], Awaitable[None]]]
"""Title and act."""


class Scene:
    """A district from nothing to a bulletin, step by step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
        self.rooms: dict[str, str] = {}
        """Room name → id."""
        self.transcript: list[tuple[str, str]] = []
        """(who, what they said), for printing afterwards."""
        self._people: dict[str, Person] = {}
        self._direct = ""
        self._slot, self._slot_at = "", datetime.now(world.zone)

    def steps(self) -> list[Step]:
        """What happens, in order. Each act raises when its step did not happen."""
        return [
            ("Homeserver Synapse dinyalakan", self.start_homeserver),
            ("Akun bot, warga, pengemudi, dan dua petugas didaftarkan", self.register),
            ("Ruang-ruang dibuat menurut rooms/", self.make_rooms),
            ("Jadwal buletin ditulis semenit ke depan, bot dijalankan", self.start_bot),
            ("Warga, pengemudi, dan petugas masuk", self.enter),
            ("Warga membuka percakapan pribadi terenkripsi dengan bot", self.open_direct),
            ("Warga bertanya syarat SIM C, dijawab dengan sumbernya", self.ask),
            ("Warga menanyakan gaji Kapolres, ditolak dengan sopan", self.ask_salary),
            ("Pengemudi mengirim pesan suara di #ojol, transkripnya muncul di utas", self.speak),
            ("Kartu kejadian sampai di ruang kendali", self.card),
            ("Kejadian ditemukan lewat kata yang terucap", self.search),
            ("Buletin terbit sendiri dari jadwal di setiap kanal, sekali", self.bulletin),
        ]

    async def start_homeserver(self) -> None:
        """A real Synapse on the loopback interface."""
        self.world.clear()
        await asyncio.to_thread(self.world.homeserver.start)

    async def register(self) -> None:
        """Accounts and the demo's own configuration."""
        await asyncio.to_thread(self.world.register)
        self.world.write_configuration()

    async def make_rooms(self) -> None:
        """By the operator's command, as in production."""
        await kentongan("rooms", "apply", config=self.world.config_path)
        for name, alias in self.world.aliases().items():
            self.rooms[name] = await asyncio.to_thread(self.world.homeserver.resolve, alias)
        self.world.write_access({alias: self.rooms[name] for name, alias in self.world.aliases().items()})

    async def start_bot(self) -> None:
        """The bot's own process; the slot stands in its schedule file before it starts."""
        self._slot, self._slot_at = self.world.schedule_bulletin(datetime.now(self.world.zone))
        self.bot.start()
        await self.bot.until("synced")

    async def enter(self) -> None:
        """Everybody signs in; the driver joins the channels, the officers the operations room."""
        for account in self.world.accounts:
            folder = self.world.folder / "people" / account.role
            person = self._people[account.role] = Person(self.world.homeserver.url, account.user_id, folder)
            await person.enter(account.password)
        for room_id in self.channels.values():
            await self._people["pengemudi"].join(room_id)
        for officer in OFFICERS:
            await self._people[officer].join(self.rooms[OPERATIONS])
        await self._people[OFFICERS[-1]].join(self.rooms[PRIVATE])
        await self._people["pengemudi"].wait_for_member(self.rooms["ojol"], self.world.bot_id)

    def close(self) -> None:
        """End the bot and the homeserver."""
        self.bot.stop()
        self.world.homeserver.stop()

    async def leave(self) -> None:
        """The people of the scene go; their accounts stay for whoever wants to try."""
        await asyncio.gather(*(person.leave() for person in self._people.values()), return_exceptions=True)

    @property
    def channels(self) -> dict[str, str]:
        """The rooms that hear bulletins."""
        return {name: room for name, room in self.rooms.items() if name not in (SPACE, OPERATIONS, PRIVATE)}

    async def open_direct(self) -> None:
        """The bot accepts the invite of somebody on an allowed server."""
        citizen = self._people["warga"]
        self._direct = await citizen.direct_room(self.world.bot_id)
        await citizen.wait_for_member(self._direct, self.world.bot_id, timeout=ANSWER_SECONDS)

    async def ask(self) -> None:
        """A right answer with its source."""
        reply = await self._ask("syarat bikin sim c apa aja pak?")
        for needed in ("SIM C", "17", "100.000", "Sumber"):
            if needed.lower() not in reply.body.lower():
                raise SceneError(f"the answer on SIM C lacks “{needed}”:\n{reply.body}")

    async def ask_salary(self) -> None:
        """A refusal, and the audit says why."""
        reply = await self._ask("gaji kapolres berapa sih?")
        target = reply.relation["m.in_reply_to"]["event_id"]
        shown = await kentongan("audit", "show", target, "--json", config=self.world.config_path)
        kinds = [json.loads(line)["kind"] for line in shown.splitlines()]
        if "dialogue.blocked" not in kinds:
            raise SceneError(f"the question about a salary was not blocked: {kinds}")

    async def speak(self) -> None:
        """A real voice note, heard by a real model, answered in a thread."""
        from bot.voice.audio import describe

        driver, room = self._people["pengemudi"], self.rooms["ojol"]
        with as_file(files("bot.demo") / "note.ogg") as note:
            duration_ms, waveform = await asyncio.to_thread(describe, Path(note))
            event_id = await driver.say_aloud(room, Path(note), duration_ms=duration_ms, waveform=waveform)
        # On a slow machine the word that the note waits stands in the thread first, and the transcript replaces it.
        in_place = transaction_id(f"reply:{event_id}:edit:heard")
        self.transcript.append(("pengemudi", f"🎙️ pesan suara, {duration_ms / 1000:.0f} detik"))
        reply = await driver.wait(
            lambda seen: (
                self._from_bot(seen, room)
                and (_marked(in_place, seen) or seen.relation.get("event_id") == event_id)
                and SPOKEN in seen.body.lower()
            ),
            NOTE_SECONDS,
            what="transcript in the note's thread",
        )
        self.transcript.append((BOT, reply.content.get("m.new_content", reply.content)["body"]))

    async def card(self) -> None:
        """An officer sees the card in the operations room."""
        card = await self._people["petugas"].wait(
            lambda seen: self._from_bot(seen, self.rooms[OPERATIONS]) and SPOKEN in seen.body.lower(),
            NOTE_SECONDS,
            what="card in the operations room",
        )
        self.transcript.append((f"{BOT} → ruang kendali", card.body))

    async def search(self) -> None:
        """The log finds the incident by a spoken word."""
        found = await kentongan("incidents", "search", SPOKEN, "--json", config=self.world.config_path)
        if not found.strip():
            raise SceneError(f"“{SPOKEN}” was not found in the incident log")

    async def bulletin(self) -> None:
        """The scheduler fires the slot; every channel has exactly one."""
        driver = self._people["pengemudi"]
        wait = (self._slot_at - datetime.now(self._slot_at.tzinfo)).total_seconds() + NOTE_SECONDS
        marks = {
            room: transaction_id(f"bulletin:{self._slot}:{self._slot_at:%Y-%m-%d}:{room}")
            for room in self.channels.values()
        }
        for mark in marks.values():
            seen = await driver.wait(partial(_marked, mark), max(wait, NOTE_SECONDS), what="bulletin")
        self.transcript.append((f"{BOT} → setiap kanal", seen.body))
        for room, mark in marks.items():
            count = sum(_marked(mark, seen) and seen.room_id == room for seen in driver.seen)
            if count != 1:
                raise SceneError(f"{count} bulletins in one channel instead of one")

    async def _ask(self, question: str) -> Seen:
        citizen = self._people["warga"]
        event_id = await citizen.say(self._direct, question)
        self.transcript.append(("warga", question))
        reply = await citizen.wait(
            lambda seen: self._from_bot(seen, self._direct) and _replies_to(seen) == event_id,
            ANSWER_SECONDS,
            what=f"answer to “{question}”",
        )
        if not reply.encrypted:
            raise SceneError("the answer came unencrypted")
        self.transcript.append((BOT, reply.body))
        return reply

    def _from_bot(self, seen: Seen, room: str) -> bool:
        return seen.sender == self.world.bot_id and seen.room_id == room and seen.type == "m.room.message"


def _marked(mark: str, seen: Seen) -> bool:
    return seen.content.get(KEY_FIELD) == mark


def _replies_to(seen: Seen) -> Any:
    return (seen.relation.get("m.in_reply_to") or {}).get("event_id")
