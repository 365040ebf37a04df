"""From the queue to the transcript: who is heard first, who hears that they wait, and what a withdrawal stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from casework_world import CRASH, deliver, shown, staffed
from handlers_world import DIRECT, ME, NOW, OJOL, OPERATIONS, Event, Take, sent
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Engine, select

from bot.event import IncomingEvent, Kind, Media
from bot.handlers import backlog, reports, waiting
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.listening import LANE, Listener, Unfetchable, admit
from bot.incidents.excerpts import doubts
from bot.outgoing import KEY_FIELD
from bot.store import rooms, transmissions
from bot.store.database import Database
from bot.store.notequeue import Queued
from bot.store.tables import alarms as waiting_reports
from bot.store.tables import incidents, transcripts
from bot.store.tables import transmissions as table
from bot.voice.heard import QUIET, Heard

SECOND = 1_000
MINUTE = 60_000
SIAGA = "!siaga"
WAITING = "menunggu transkrip"
LATE = "baru terbaca lama sesudah dikirim"


def result(text: str, *flags: str) -> Heard:
    return Heard(text, (), 5.0, "id", not text, 0.8, flags, 1.0, "base")


def queued(number: int, room: str, *, seconds: int = 5, priority: int = 1) -> Queued:
    return Queued(number, f"$n{number}", room, None, 0, 0, NOW, seconds * SECOND, priority)


@pytest.fixture
def note(event: Event) -> Callable[..., IncomingEvent]:
    def make(room: str = OJOL, *, seconds: float = 5, **values: object) -> IncomingEvent:
        media = Media("mxc://batang.test/note", "audio/ogg", duration_ms=round(seconds * 1000), voice=True)
        return event(room=room, kind=Kind.AUDIO, media=media, **values)

    return make


class World:
    """A listener whose fetching and hearing wait until the test lets them go on."""

    def __init__(self, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch, capacity: int) -> None:
        self.now = NOW
        self.fetching: dict[str, asyncio.Future[None]] = {}
        self.hearing: dict[str, asyncio.Future[Heard]] = {}
        self.order: list[str] = []
        self.priorities: list[int] = []
        self.files: list[Path] = []
        self.hold_fetch = False
        monkeypatch.setattr("bot.handlers.listening.now_ms", lambda: self.now)
        self.listener = Listener(database, desk, self._fetch, self, capacity=capacity, wake_sender=lambda: None)

    async def _fetch(self, media: Media, target: Path, /) -> tuple[str, int]:
        if self.hold_fetch:
            self.fetching[target.name] = asyncio.get_running_loop().create_future()
            await self.fetching[target.name]
        target.write_bytes(b"sound")
        self.files.append(target)
        return "f" * 64, 5

    async def transcribe(
        self, path: Path, *, hotwords: Sequence[str] = (), priority: int = 1, fair_key: str = ""
    ) -> Heard:
        self.order.append(fair_key)
        self.priorities.append(priority)
        self.hearing[path.name] = asyncio.get_running_loop().create_future()
        return await self.hearing[path.name]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.listener.wake()
                await asyncio.sleep(0.01)


@pytest.fixture
def world(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    @asynccontextmanager
    async def running(capacity: int = 8, **values: bool) -> AsyncIterator[World]:
        made = World(database, desk, monkeypatch, capacity)
        made.__dict__.update(values)
        task = asyncio.create_task(made.listener.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return running


def state(engine: Engine, event: IncomingEvent) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(select(table.c.state).where(table.c.event_id == event.event_id)))


def late(database: Database, desk: Desk, seconds: float) -> int:
    return database.run_blocking(lambda connection: waiting.tell(connection, desk, NOW + round(seconds * SECOND)))


def hear(database: Database, desk: Desk, event: IncomingEvent, said: Heard, now: int = NOW) -> None:
    def work(connection: Any) -> None:
        row = transmissions.by_event(connection, event.event_id)
        assert row is not None
        reports.heard(connection, row.id, event, said, Path("/audio/note"), desk, now)

    database.run_blocking(work)


# Who is taken up.


@given(
    waiting_notes=some.lists(some.tuples(some.sampled_from("abc"), some.sampled_from([5, 600]), some.integers(0, 1))),
    capacity=some.integers(1, 12),
)
def test_a_room_never_has_more_than_its_lanes_and_an_urgent_short_note_never_waits_for_others(
    waiting_notes: list[tuple[str, int, int]], capacity: int
) -> None:
    notes = [queued(i, room, seconds=s, priority=p) for i, (room, s, p) in enumerate(waiting_notes)]
    notes.sort(key=lambda one: one.priority)
    taken = admit(notes, [], capacity)
    for room in "abc":
        for is_long in (False, True):
            lane = [one for one in taken if one.room_id == room and one.long is is_long]
            urgent = [one for one in notes if one.room_id == room and one.long is is_long and one.priority == 0]
            assert len(lane) <= LANE
            assert len([one for one in lane if one.priority == 0]) == min(len(urgent), LANE)
    usual = [one for one in taken if one.priority == 1]
    assert len(usual) <= capacity


def test_long_stories_of_many_rooms_leave_places_for_a_short_note() -> None:
    stories = [queued(number, f"!room{number}", seconds=800) for number in range(40)]
    under_way = admit(stories, [], 8)
    assert len(under_way) == 2
    assert admit([queued(99, "!room1")], under_way, 8)


async def test_a_room_with_an_open_emergency_is_heard_before_a_chatty_one(
    take: Take, note: Any, database: Database, desk: Desk, world: Any
) -> None:
    def know(connection: Any) -> None:
        rooms.record(connection, "desa-siaga", SIAGA, kind="channel", alias=None, now=NOW)

    database.run_blocking(know)
    first = note(SIAGA)
    await take(first)
    hear(database, desk, first, result(CRASH))
    with database.engine.connect() as connection:
        assert connection.scalar(select(incidents.c.urgency)) == "darurat"
    await take(*[note(sender=f"@a{n}:batang.test") for n in range(20)], note(SIAGA, sender="@b:batang.test"))
    async with world(capacity=2) as running:
        await running.until(lambda: len(running.order) == 2)
    assert dict(zip(running.order, running.priorities, strict=True)) == {SIAGA: 0, OJOL: 1}


async def test_an_urgent_note_is_taken_up_although_every_place_is_taken(
    take: Take, note: Any, database: Database, desk: Desk, world: Any
) -> None:
    def know(connection: Any) -> None:
        rooms.record(connection, "desa-siaga", SIAGA, kind="channel", alias=None, now=NOW)

    database.run_blocking(know)
    first = note(SIAGA)
    await take(first)
    hear(database, desk, first, result(CRASH))
    await take(note(), note(sender="@b:batang.test"))
    async with world(capacity=2) as running:
        await running.until(lambda: len(running.order) == 2)
        await take(note(SIAGA, sender="@c:batang.test"), note(sender="@d:batang.test"))
        await running.until(lambda: len(running.order) == 3)
    assert running.order == [OJOL, OJOL, SIAGA]


# The word that a note waits.


async def test_a_note_that_waits_long_is_told_once_and_its_transcript_takes_the_words_place(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    assert late(database, desk, 9) == 0, "ten seconds have not passed"
    assert late(database, desk, 11) == 1
    assert late(database, desk, 15) == 0
    [word] = [row for row in sent(engine, OJOL) if WAITING in row["content"]["body"]]
    assert word["content"]["msgtype"] == "m.notice"
    assert word["content"]["m.relates_to"]["event_id"] == one.event_id
    hear(database, desk, one, result(CRASH))
    [edit] = [row for row in sent(engine, OJOL) if row["key"].startswith(f"{word['key']}:edit:")]
    assert edit["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": f"outbox:{word['key']}"}
    assert "Plelen" in edit["content"]["m.new_content"]["body"]
    assert not [row for row in sent(engine, OJOL) if row["action"] == "redaction"]


async def test_the_listening_loop_tells_who_waits_and_then_what_it_heard(
    take: Take, note: Any, world: Any, engine: Engine
) -> None:
    one = note()
    await take(one)
    async with world() as running:
        await running.until(lambda: running.hearing)
        assert not [row for row in sent(engine, OJOL) if row["key"].startswith("reply:")]
        running.now += 11 * SECOND
        await running.until(lambda: WAITING in str(sent(engine, OJOL)))
        [hearing] = running.hearing.values()
        hearing.set_result(result(CRASH))
        await running.until(lambda: state(engine, one) == "heard")
    assert "Plelen" in str(sent(engine, OJOL)[-1]["content"]["m.new_content"])


async def test_a_mistake_in_telling_who_waits_stops_nobodys_hearing(
    take: Take, note: Any, world: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr("bot.handlers.listening.waiting.tell", broken)
    await take(note())
    async with world() as running:
        await running.until(lambda: running.hearing)
        next(iter(running.hearing.values())).set_result(result(CRASH))
        await running.until(lambda: "card:1" in [row["key"] for row in sent(engine, OPERATIONS)])


async def test_a_mistake_before_or_after_the_hearing_postpones_the_note_and_does_not_spin(
    take: Take, note: Any, world: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def broken(*_: object) -> list[str]:
        tries.append(1)
        raise OSError("disk")

    monkeypatch.setattr("bot.handlers.listening.recent_places", broken)
    await take(note())

    def postponed() -> Any:
        with engine.connect() as connection:
            return connection.execute(select(table.c.state, table.c.not_before, table.c.error)).one()

    async with world() as made:
        await made.until(lambda: postponed().not_before > NOW)
        assert tuple(postponed()) == ("queued", NOW + 2 * SECOND, "OSError")
        assert len(tries) == 1
        made.now += 3 * SECOND
        await made.until(lambda: len(tries) == 2)


async def test_a_note_heard_in_time_leaves_no_word_about_waiting(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    hear(database, desk, one, result(CRASH))
    assert late(database, desk, 60) == 0
    assert not [row for row in sent(engine) if WAITING in row["content"].get("body", "")]


async def test_a_waiting_question_in_a_dm_is_answered_by_a_message_that_rings_and_the_word_goes(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    question = note(DIRECT)
    await take(question)
    assert late(database, desk, 11) == 1
    hear(database, desk, question, result("bagaimana cara membuat sim c baru"))
    rows = {row["key"]: row for row in sent(engine, DIRECT)}
    assert "SIM C" in rows[f"reply:{question.event_id}"]["content"]["body"]
    assert rows[f"waiting:{question.event_id}:redacted"]["action"] == "redaction"


async def test_a_note_of_long_ago_is_not_told_that_it_waits(
    take: Take, note: Any, database: Database, desk: Desk
) -> None:
    await take(note(sent_at=NOW - 30 * MINUTE))
    assert late(database, desk, 11) == 0


async def test_a_note_withdrawn_while_it_waits_takes_the_word_along(
    take: Take, note: Any, withdraw: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    late(database, desk, 11)
    await take(withdraw(one, sender=one.sender, room=OJOL))
    assert f"reply:{one.event_id}:redacted" in [row["key"] for row in sent(engine, OJOL)]
    assert late(database, desk, 30) == 0


@pytest.mark.parametrize(
    ("minutes", "says_late", "rings"), [(1, False, True), (3, True, True), (19, True, True), (21, True, False)]
)
async def test_a_transcript_is_marked_late_from_two_minutes_on_and_rings_for_nobody_after_twenty(
    minutes: int, says_late: bool, rings: bool, take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note(sent_at=NOW - minutes * MINUTE)
    await take(one)
    hear(database, desk, one, result(CRASH))
    [reply] = [row for row in sent(engine, OJOL) if row["key"] == f"reply:{one.event_id}"]
    assert reply["content"]["body"].startswith("Baru terbaca sekarang") is says_late
    [card] = [row for row in sent(engine, OPERATIONS) if row["key"] == "card:1"]
    assert card["content"]["msgtype"] == ("m.text" if rings else "m.notice")


async def test_the_card_says_that_words_were_read_late_also_after_they_are_corrected(
    take: Take,
    event: Event,
    note: Any,
    order: Event,
    database: Database,
    desk: Desk,
    engine: Engine,
    consumer: Consumer,
) -> None:
    consumer.desk = staffed(desk)
    spoken = note(sent_at=NOW - 5 * MINUTE)
    typed = event("banjir di desa Sembung", room=OJOL, sent_at=NOW - 5 * MINUTE)
    await take(spoken, typed)
    hear(database, desk, spoken, result(CRASH))
    deliver(engine)
    more = event("air naik terus", room=OJOL, sender=typed.sender, thread_root=typed.event_id, sent_at=NOW - 4 * MINUTE)
    await take(order("koreksi kecelakaan di desa Plelen, tiga orang luka"), more)
    for number in (1, 2):
        assert LATE in shown(engine, OPERATIONS, number).casefold()
    assert "tiga orang" in shown(engine, OPERATIONS, 1) + shown(engine, OPERATIONS, 2)
    further = next(row for row in sent(engine, OPERATIONS) if row["key"].endswith(f":in:{more.event_id}"))
    assert LATE in further["content"]["body"].casefold()


async def test_further_words_that_are_heard_after_twenty_minutes_ring_for_nobody(
    take: Take, note: Any, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    report = event("motor saya dicuri barusan", room=OJOL)
    await take(report)
    further = note(thread_root=report.event_id, sent_at=NOW - 21 * MINUTE)
    await take(further)
    assert late(database, desk, 30) == 0, "further words are answered with a mark"
    hear(database, desk, further, result("tolong pak, pelakunya bawa celurit, teman saya dibacok, kritis"))
    [there] = [row for row in sent(engine, OPERATIONS) if ":in:" in row["key"]]
    assert there["content"]["msgtype"] == "m.notice"
    assert not [row for row in sent(engine, OPERATIONS) if row["content"].get("m.mentions", {}).get("user_ids")]


async def test_an_unreadable_note_of_long_ago_is_logged_and_shown_without_ringing(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    old = note(sent_at=NOW - 30 * MINUTE)
    await take(old)
    database.run_blocking(lambda connection: reports.unreadable(connection, 1, old, "crash", desk, NOW))
    [card] = [row for row in sent(engine, OPERATIONS) if row["key"] == "card:1"]
    assert card["content"]["msgtype"] == "m.notice"
    assert state(engine, old) == "unreadable"


# What is no note for us.


@pytest.mark.parametrize(
    "values",
    [
        {"sender": ME},
        {"content": {KEY_FIELD: "k0"}},
        {"content": {KEY_FIELD: "k0"}, "sender": "@kentongan:other.example"},
    ],
)
@pytest.mark.parametrize("room", [OJOL, DIRECT])
async def test_recordings_that_a_bot_sent_or_somebody_passed_on_from_one_are_never_taken_in(
    room: str, values: dict[str, Any], take: Take, note: Any, engine: Engine
) -> None:
    await take(note(room, **values))
    with engine.connect() as connection:
        assert connection.execute(select(table)).all() == []
    assert sent(engine) == []


async def test_an_edited_caption_changes_neither_a_waiting_note_nor_what_was_heard(
    take: Take, note: Any, event: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one, event("kebakaran!", room=OJOL, kind=Kind.EDIT, sender=one.sender, target=one.event_id))
    assert state(engine, one) == "queued"
    hear(database, desk, one, result("selamat malam, situasi aman terkendali"))
    before = [row["key"] for row in sent(engine)]
    await take(event("kebakaran!", room=OJOL, kind=Kind.EDIT, sender=one.sender, target=one.event_id))
    assert [row["key"] for row in sent(engine)] == before
    with engine.connect() as connection:
        assert list(connection.scalars(select(transcripts.c.text))) == ["selamat malam, situasi aman terkendali"]


# The alarm about the queue.


def alarms(engine: Engine) -> list[str]:
    return [str(row["content"]["body"]) for row in sent(engine, OPERATIONS) if row["key"].startswith("backlog:")]


async def test_a_long_queue_is_told_once_and_once_when_it_is_over(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one, two = note(), note(sender="@b:batang.test")
    await take(one, two)

    def look(seconds: float) -> bool:
        return database.run_blocking(lambda connection: backlog.look(connection, desk, NOW + round(seconds * 1000)))

    assert [look(at) for at in (60, 181, 190, 600)] == [False, True, False, False]
    assert "2 pesan suara belum tertranskrip" in alarms(engine)[0]
    assert one.event_id[1:] in str(sent(engine, OPERATIONS)[-1]["content"]["formatted_body"])
    hear(database, desk, one, result(CRASH))
    assert not look(610), "the other still waits"
    hear(database, desk, two, result(CRASH))
    assert [look(at) for at in (620, 630)] == [True, False]
    assert "pulih" in alarms(engine)[1]
    over = sent(engine, OPERATIONS)[-1]
    assert over["content"]["msgtype"] == "m.notice"
    assert over["content"]["m.relates_to"]["m.in_reply_to"]["event_id"].startswith("outbox:backlog:")
    await take(note())
    assert look(1000)
    assert len(alarms(engine)) == 3, "another queue, another alarm"


async def test_many_notes_at_once_are_an_alarm_before_any_is_old(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(*[note(sender=f"@a{n}:batang.test") for n in range(desk.config.speech.alarm_depth)])
    assert database.run_blocking(lambda connection: backlog.look(connection, desk, NOW + SECOND))
    assert len(alarms(engine)) == 1


# Withdrawn on the way.


async def test_a_note_withdrawn_in_the_worker_is_let_go_and_says_nothing(
    take: Take, note: Any, withdraw: Event, world: Any, engine: Engine
) -> None:
    one = note()
    await take(one)
    async with world() as running:
        await running.until(lambda: running.hearing)
        [heard] = running.hearing.values()
        await take(withdraw(one, sender=one.sender, room=OJOL))
        await running.until(heard.cancelled)
        await running.until(lambda: not running.files[0].exists())
    assert state(engine, one) == "withdrawn"
    assert [row["key"] for row in sent(engine, OPERATIONS)] == []
    assert not [row for row in sent(engine, OJOL) if row["key"].startswith("reply:")]


async def test_a_transcript_that_comes_in_the_moment_of_the_withdrawal_is_not_said(
    take: Take, note: Any, withdraw: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    await take(withdraw(one, sender=one.sender, room=OJOL))
    hear(database, desk, one, result(CRASH))
    assert not [row for row in sent(engine) if row["key"].startswith(("reply:", "card:"))]


async def test_a_note_withdrawn_while_it_is_fetched_leaves_no_file(
    take: Take, note: Any, withdraw: Event, world: Any, engine: Engine, desk: Desk
) -> None:
    one = note()
    await take(one)
    async with world(hold_fetch=True) as running:
        await running.until(lambda: running.fetching)
        await take(withdraw(one, sender=one.sender, room=OJOL))
        for future in running.fetching.values():
            if not future.done():
                future.set_result(None)
        await running.until(lambda: not running.listener._under_way)
    assert list(desk.config.audio_dir.glob("*")) == []
    assert state(engine, one) == "withdrawn"
    assert running.order == []


async def test_a_withdrawn_note_whose_file_is_gone_is_no_unreadable_report(
    take: Take, note: Any, withdraw: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    await take(withdraw(one, sender=one.sender, room=OJOL))

    def work(connection: Any) -> None:
        row = transmissions.by_event(connection, one.event_id)
        assert row is not None
        reports.unreadable(connection, row.id, one, str(Unfetchable("gone")), desk, NOW)

    database.run_blocking(work)
    assert sent(engine, OPERATIONS) == []
    with engine.connect() as connection:
        assert connection.execute(select(incidents)).all() == []


async def test_a_spoken_question_that_is_taken_back_loses_words_recording_and_the_answer_that_repeats_them(
    take: Take, note: Any, withdraw: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    question = note(DIRECT)
    await take(question)
    recording = desk.config.audio_dir / "note"
    recording.parent.mkdir(parents=True, exist_ok=True)
    recording.write_bytes(b"sound")
    place = str(recording.relative_to(desk.config.data_dir))
    database.run_blocking(lambda connection: transmissions.fetched(connection, 1, place, "f" * 64, 5))
    hear(database, desk, question, result("bagaimana cara membuat sim c baru"))
    await take(withdraw(question, sender=question.sender, room=DIRECT), withdraw(question, room=DIRECT))
    assert not recording.exists()
    assert state(engine, question) == "withdrawn"
    with engine.connect() as connection:
        assert set(connection.scalars(select(transcripts.c.text))) == {""}
    rows = {row["key"]: row for row in sent(engine, DIRECT)}
    assert rows[f"reply:{question.event_id}:redacted"]["action"] == "redaction"
    assert "sim c" not in str(rows[f"reply:{question.event_id}"]["content"]).lower(), "not sent yet: it loses its words"


async def test_a_spoken_question_taken_back_before_it_was_heard_is_never_answered(
    take: Take, note: Any, withdraw: Event, database: Database, desk: Desk, engine: Engine
) -> None:
    question = note(DIRECT)
    await take(question)
    late(database, desk, 11)
    await take(withdraw(question, sender=question.sender, room=DIRECT))
    hear(database, desk, question, result("bagaimana cara membuat sim c baru"))
    keys = [row["key"] for row in sent(engine, DIRECT)]
    notice = f"privacy:{question.sender}"
    assert keys == [notice, f"waiting:{question.event_id}", f"waiting:{question.event_id}:redacted"]


# Whisper's doubts.


@pytest.mark.parametrize("flag", sorted(QUIET))
async def test_words_that_nobody_may_have_spoken_are_shown_with_the_doubt_and_ring_for_nobody(
    flag: str, take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    sure, doubtful = note(), note(sender="@b:batang.test")
    await take(sure, doubtful)
    hear(database, desk, doubtful, result("kebakaran rumah di Subah, ada orang terjebak", flag))
    hear(database, desk, sure, result(CRASH))
    cards = [row["content"] for row in sent(engine, OPERATIONS) if row["key"] in ("card:1", "card:2")]
    assert [card["msgtype"] for card in cards] == ["m.notice", "m.text"]
    assert doubts([flag]) in cards[0]["body"]
    assert "kebakaran" in cards[0]["body"]
    with engine.connect() as connection:
        waiting = list(connection.scalars(select(waiting_reports.c.incident_id)))
    assert waiting == [2], "nobody is reminded of the doubtful one, and nothing escalates"


async def test_an_emergency_that_is_only_hard_to_hear_rings_with_its_doubt(
    take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    hear(database, desk, one, result("kebakaran rumah di Subah, ada orang terjebak", "low_confidence"))
    card = sent(engine, OPERATIONS)[0]["content"]
    assert card["msgtype"] == "m.text"
    assert doubts(["low_confidence"]) in card["body"]
    with engine.connect() as connection:
        assert list(connection.scalars(select(waiting_reports.c.incident_id))) == [1]


@pytest.mark.parametrize("flag", sorted(QUIET))
async def test_a_doubtful_note_is_linked_and_makes_an_open_report_no_graver(
    flag: str, take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    first, doubtful = note(), note(sender="@b:batang.test")
    await take(first, doubtful)
    hear(database, desk, first, result("pohon tumbang di desa Plelen, jalan masih bisa dilewati"))
    hear(database, desk, doubtful, result("pohon tumbang di desa Plelen, ada orang terjepit", flag))
    with engine.connect() as connection:
        [row] = connection.execute(select(incidents)).all()
        assert row.urgency != "darurat"
        assert connection.execute(select(waiting_reports)).all() == []
    [further] = [row["content"] for row in sent(engine, OPERATIONS) if row["key"] == "card:1:2"]
    assert doubts([flag]) in further["body"]
    assert further["msgtype"] == "m.notice"


@pytest.mark.parametrize("flag", ["no_speech", "loop", "low_confidence"])
async def test_a_spoken_question_is_answered_with_what_is_doubtful_about_it(
    flag: str, take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    question = note(DIRECT)
    await take(question)
    hear(database, desk, question, result("bagaimana cara membuat sim c baru", flag))
    [answer] = [row for row in sent(engine, DIRECT) if not row["key"].startswith("privacy:")]
    assert doubts([flag]) in answer["content"]["body"]


async def test_a_yes_that_perhaps_nobody_said_tells_officers_nothing_and_is_asked_for_again(
    take: Take, event: Any, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    await take(event("tolong ada maling di rumah saya di Subah"))
    unsure, sure = note(DIRECT, sender="@warga:batang.test"), note(DIRECT, sender="@warga:batang.test")
    await take(unsure)
    hear(database, desk, unsure, result("ya", "no_speech"))
    assert sent(engine, OPERATIONS) == []
    assert "Boleh diulang" in sent(engine, DIRECT)[-1]["content"]["body"]
    await take(sure)
    hear(database, desk, sure, result("ya"))
    assert [row for row in sent(engine, OPERATIONS) if row["key"] == "card:1"]


@pytest.mark.parametrize("flag", ["low_confidence", "loop"])
async def test_a_doubt_alone_makes_nothing_of_quiet_words(
    flag: str, take: Take, note: Any, database: Database, desk: Desk, engine: Engine
) -> None:
    one = note()
    await take(one)
    hear(database, desk, one, result("selamat malam, situasi aman terkendali", flag))
    assert sent(engine, OPERATIONS) == []
    with engine.connect() as connection:
        assert connection.scalar(select(table.c.state)) == "heard"
