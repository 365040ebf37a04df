"""The voice of a bulletin comes after its text, once, and never keeps the text back."""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from handlers_world import NOW, sent
from sqlalchemy import Connection, Engine

from bot.event import LAST_MS
from bot.handlers.desk import Desk
from bot.handlers.reciting import STALE_MS, Reciter
from bot.outgoing import Outgoing, Priority, transaction_id
from bot.store import outbox, recitations, rewording
from bot.store.database import Database
from bot.voice.errors import SpeakingFailed
from bot.voice.speech import recite

ROOMS = ("!ojol", "!nelayan", "!desa")


@dataclass
class Voice:
    """A synthesiser of a second's tone."""

    name: str = "tone"
    said: list[str] = field(default_factory=list)
    broken: int = 0

    def speak(self, text: str, target: Path) -> None:
        self.said.append(text)
        if self.broken:
            self.broken -= 1
            raise SpeakingFailed("exit status 1")
        with wave.open(str(target), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(22_050)
            file.writeframes((b"\x00\x40" * 50 + b"\x00\xc0" * 50) * 220 + bytes(100))


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def reciter(database: Database, desk: Desk, voice: Voice, monkeypatch: pytest.MonkeyPatch) -> Reciter:
    monkeypatch.setattr("bot.handlers.reciting.now_ms", lambda: NOW)
    return Reciter(database, desk.config, wake_sender=lambda: None, speaker=voice)


def decide(connection: Connection, *rooms: str, text: str = "Selamat pagi.", now: int = NOW) -> None:
    for room in rooms:
        outbox.append(connection, Outgoing(f"bulletin:pagi:d:{room}", room, priority=Priority.BULLETIN), now)
        recitations.ask(connection, "pagi", "d", room, "Buletin Pagi", text, now)


def go_out(connection: Connection, *rooms: str, now: int = NOW) -> None:
    for room in rooms:
        outbox.sent(connection, transaction_id(f"bulletin:pagi:d:{room}"), f"${room}", now)


def announce(connection: Connection, *rooms: str, text: str = "Selamat pagi.", now: int = NOW) -> None:
    decide(connection, *rooms, text=text, now=now)
    go_out(connection, *rooms, now=now)


def voices(engine: Engine) -> list[dict[str, Any]]:
    return [row for row in sent(engine) if row["key"].startswith("bulletin-voice:")]


async def test_rooms_with_the_same_text_hear_one_recording_after_the_text(
    engine: Engine, reciter: Reciter, voice: Voice
) -> None:
    with engine.begin() as connection:
        decide(connection, *ROOMS)
        due = [row.key for row in outbox.pending(connection, NOW)]
    assert due == [f"bulletin:pagi:d:{room}" for room in ROOMS], "no text waits for a voice"
    await reciter.round()
    assert not voice.said, "a voice repeats what stands in the room"
    with engine.begin() as connection:
        go_out(connection, *ROOMS)
    await reciter.round()
    await reciter.round()
    assert len(voice.said) == 1
    with engine.begin() as connection:
        due = [row.key for row in outbox.pending(connection, NOW)]
    assert due == [f"bulletin-voice:pagi:d:{room}" for room in ROOMS]
    assert len({row["upload"] for row in voices(engine)}) == 1


async def test_it_is_a_voice_message_as_element_plays_it(engine: Engine, reciter: Reciter) -> None:
    with engine.begin() as connection:
        announce(connection, "!ojol")
    await reciter.round()
    [row] = voices(engine)
    content = row["content"]
    assert content["msgtype"] == "m.audio"
    assert content["body"] == "Buletin Pagi.ogg"
    assert content["org.matrix.msc3245.voice"] == {}
    assert content["m.mentions"] == {}
    assert content["info"] == {"mimetype": "audio/ogg", "duration": 1000}
    audio = content["org.matrix.msc1767.audio"]
    assert audio["duration"] == 1000
    assert all(isinstance(value, int) and 0 <= value <= 1024 for value in audio["waveform"])
    assert max(audio["waveform"]) == 1024
    assert Path(row["upload"]).read_bytes()[:4] == b"OggS"


async def test_a_failing_voice_is_tried_again_and_then_given_up_without_a_word(
    engine: Engine, reciter: Reciter, voice: Voice
) -> None:
    voice.broken = 1
    with engine.begin() as connection:
        announce(connection, "!ojol")
    await reciter.round()
    await reciter.round()
    assert [row["not_before"] for row in voices(engine)] == [0]
    voice.broken = 9
    with engine.begin() as connection:
        announce(connection, "!nelayan", text="Lain.")
    for _ in range(3):
        await reciter.round()
    assert [row["state"] for row in voices(engine)] == ["queued", "cancelled"]
    assert len(voice.said) == 4


async def test_a_bot_killed_while_speaking_speaks_after_its_start_and_says_it_once(
    engine: Engine, database: Database, desk: Desk, voice: Voice, reciter: Reciter
) -> None:
    with engine.begin() as connection:
        announce(connection, *ROOMS)
    recite(voice, "Selamat pagi.", desk.config.recitations_dir)  # the file is there, the rows do not know it
    await reciter.round()
    assert len(voice.said) == 1
    assert [row["not_before"] for row in voices(engine)] == [0, 0, 0]


async def test_a_voice_that_comes_too_late_or_has_nobody_to_speak_it_is_withdrawn(
    engine: Engine, database: Database, desk: Desk, reciter: Reciter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        announce(connection, "!ojol", now=NOW - STALE_MS - 1)
    await reciter.round()
    with engine.begin() as connection:
        announce(connection, "!nelayan")
    off = desk.config.model_copy(update={"bulletins": desk.config.bulletins.model_copy(update={"voice": "off"})})
    off._base = desk.config.base
    silent = Reciter(database, off, wake_sender=lambda: None)
    await silent.round()
    assert {row["state"] for row in voices(engine)} == {"cancelled"}


def test_a_waiting_voice_is_never_due_by_itself(engine: Engine) -> None:
    with engine.begin() as connection:
        announce(connection, "!ojol")
        assert outbox.pending(connection, LAST_MS - 1) == []


async def test_a_text_that_does_not_go_out_is_not_heard_either_until_it_is_sent_after_all(
    engine: Engine, reciter: Reciter, voice: Voice
) -> None:
    with engine.begin() as connection:
        decide(connection, "!ojol")
        outbox.cancel(connection, "bulletin:pagi:d:!ojol")
    await reciter.round()
    assert [row["state"] for row in voices(engine)] == ["cancelled"]
    with engine.begin() as connection:
        rewording.revive(connection, Outgoing("bulletin:pagi:d:!ojol", "!ojol", priority=Priority.BULLETIN))
        assert recitations.ask(connection, "pagi", "d", "!ojol", "Buletin Pagi", "Terlambat.", NOW)
        go_out(connection, "!ojol")
    await reciter.round()
    assert voice.said == ["Terlambat."]
    assert [row["state"] for row in voices(engine)] == ["queued"]


async def test_a_voice_that_waits_longer_than_it_is_wanted_is_withdrawn(
    engine: Engine, reciter: Reciter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        announce(connection, "!ojol")
    await reciter.round()
    monkeypatch.setattr("bot.handlers.reciting.now_ms", lambda: NOW + STALE_MS)
    with engine.begin() as connection:
        assert outbox.pending(connection, NOW + STALE_MS) == []
    await reciter.round()
    assert [row["state"] for row in voices(engine)] == ["cancelled"]
