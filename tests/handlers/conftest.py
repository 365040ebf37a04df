"""A desk with the shipped content and a migrated database; events as the inbox would bring them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take
from sqlalchemy import Engine
from warning_world import NELAYAN, Sources

from bot.config import load_config
from bot.content import Content, load_content
from bot.dialogue.engine import Engine as Dialogue
from bot.event import IncomingEvent, Kind, Media, Trust
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.fragments import HOLD_MS
from bot.incidents.analyser import Analyser
from bot.outgoing import Action
from bot.rooms.model import Officer
from bot.store import inbox, rooms
from bot.store.audit import Auditor
from bot.store.database import Database

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    settings = {
        "homeserver": {"url": "http://127.0.0.1:1", "user_id": ME},
        "paths": {name: str(ROOT / name) for name in ("flows", "rooms", "places")} | {"data": "data"},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    config = load_config(tmp_path / "config.yaml", environ={})
    content, engine, analyser = shipped()
    return Desk(ME, config, content, engine, analyser, Auditor(b"k" * 32))


@cache
def shipped() -> tuple[Content, Dialogue, Analyser]:
    """The shipped content, read and built once: nothing in it changes."""
    content, problems = load_content(load_config(ROOT / "config.yaml", environ={}))
    assert content is not None, problems
    return content, Dialogue(content.flows), Analyser(content.gazetteer, content.rules)


@pytest.fixture
def database(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Iterator[Database]:
    engine = empty_database(tmp_path / "kentongan.db")
    database = Database(engine)
    with engine.begin() as connection:
        rooms.record(connection, "ojol", OJOL, kind="channel", alias="#ojol:batang.test", now=NOW)
        rooms.record(connection, "ruang-kendali", OPERATIONS, kind="operations", alias=None, now=NOW)
    yield database
    database.close()


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


@pytest.fixture
def event(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Makes events of a fresh id, sent now."""
    monkeypatch.setattr("bot.handlers.consumer.now_ms", lambda: NOW)
    numbers = itertools.count(1)

    def make(body: str = "", room: str = DIRECT, kind: Kind = Kind.TEXT, **values: object) -> IncomingEvent:
        media = Media("mxc://batang.test/note", "audio/ogg", voice=True) if kind is Kind.AUDIO else None
        base = IncomingEvent(
            f"$event{next(numbers)}", room, "@warga:batang.test", kind, NOW - 500, body=body, media=media,
            direct=room == DIRECT, encrypted_room=True,
        )  # fmt: skip
        return replace(base, **values)

    return make


@pytest.fixture
def consumer(database: Database, desk: Desk) -> Consumer:
    return Consumer(
        database,
        desk,
        invite_rule=lambda event: Action.JOIN if event.sender.endswith(":batang.test") else Action.LEAVE,
        wake_sender=lambda: None,
        wake_listener=lambda: None,
    )


@pytest.fixture
def arrive(database: Database, consumer: Consumer) -> Take:
    """Puts events into the inbox and does at once what can be done at once."""

    async def work(*events: IncomingEvent) -> None:
        await database.run(lambda connection: inbox.append(connection, events, NOW))
        await consumer.work_off()

    return work


@pytest.fixture
def take(arrive: Take, consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> Take:
    """Puts events into the inbox and works it off, also what waits for the rest of a question."""

    async def work(*events: IncomingEvent) -> None:
        await arrive(*events)
        with monkeypatch.context() as later:
            later.setattr("bot.handlers.consumer.now_ms", lambda: NOW + HOLD_MS)
            await consumer.work_off()

    return work


@pytest.fixture
def react(event: Event) -> Event:
    """A reaction of an officer to the first card."""

    def make(sign: str, sender: str = "@ani:batang.test", target: str = "$card:1") -> IncomingEvent:
        return event(sign, room=OPERATIONS, kind=Kind.REACTION, type="m.reaction", sender=sender, target=target)

    return make


@pytest.fixture
def withdraw(event: Event) -> Event:
    """What was sent is taken back."""

    def make(what: IncomingEvent, sender: str = "@ani:batang.test", room: str = OPERATIONS) -> IncomingEvent:
        return event(room=room, kind=Kind.REDACTION, type="m.room.redaction", sender=sender, target=what.event_id)

    return make


@pytest.fixture
def order(event: Event) -> Event:
    """An officer's words in the thread of the first card, from a known device."""

    def make(body: str = "", sender: str = "@ani:batang.test", **values: object) -> IncomingEvent:
        base = {"trust": Trust.DEVICE, "thread_root": "$card:1"}
        return event(body, room=OPERATIONS, sender=sender, **{**base, **values})

    return make


@pytest.fixture
def sources(engine: Engine, desk: Desk) -> Sources:
    """Two officers, two channels, and sources that say nothing yet."""
    with engine.begin() as connection:
        rooms.record(connection, "nelayan", NELAYAN, kind="channel", alias=None, now=NOW)
    people = ("@ani:batang.test", "@budi:batang.test")
    officers = tuple(Officer(person=user, role="petugas", power=50, rooms=("all",)) for user in people)
    changed = desk.content.rooms.model_copy(update={"officers": officers})
    object.__setattr__(desk, "content", replace(desk.content, rooms=changed))
    return Sources(engine, desk)
