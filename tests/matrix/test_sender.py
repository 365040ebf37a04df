"""Order, patience and despair of the sender, against a homeserver made of a function."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine, insert, select

from bot.clock import now_ms
from bot.matrix import delivery
from bot.matrix import sender as module
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.login import SignedOut
from bot.matrix.sender import Sender
from bot.outgoing import KEY_FIELD, Action, Outgoing, Priority
from bot.store import outbox, tables
from bot.store.database import Database

Answer = Callable[[str, str, Any], Any]


def refusal(status: int, errcode: str = "M_UNKNOWN", **more: Any) -> ApiError:
    wait = more.get("retry_after_ms")
    return ApiError(status, errcode, "", {"errcode": errcode, **more}, retry_after=wait and wait / 1000)


class Server(HomeserverApi):
    """Every room is clear; messages get the event id "$" + key; `faults` are raised first."""

    def __init__(self) -> None:
        super().__init__("http://homeserver.invalid")
        self.said: list[tuple[str, str]] = []
        """(room, body) of what arrived."""
        self.paths: list[str] = []
        self.faults: Callable[[str, Any], Exception | None] = lambda path, body: None
        self.gate: dict[str, asyncio.Event] = {}
        """Room → messages to it hang until this is set."""
        self.open_at_once = self.most_at_once = 0

    async def request(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, wait: bool = True
    ) -> Any:
        path = unquote(path)
        self.paths.append(path)
        if path.endswith("/state/m.room.encryption/"):
            raise refusal(404, "M_NOT_FOUND")
        self.open_at_once += 1
        self.most_at_once = max(self.most_at_once, self.open_at_once)
        try:
            room = path.split("/rooms/")[1].split("/")[0] if "/rooms/" in path else ""
            if room in self.gate:
                await self.gate[room].wait()
            await asyncio.sleep(0)
            fault = self.faults(path, body)
            if fault is not None:
                raise fault
        finally:
            self.open_at_once -= 1
        if "/send/" in path:
            self.said.append((room, body.get("body", "")))
            return {"event_id": f"${body[KEY_FIELD]}"}
        return {"event_id": "$redaction"} if "/redact/" in path else {}

    @property
    def bodies(self) -> list[str]:
        return [body for _, body in self.said]


@pytest.fixture
def database(tmp_path: Path, empty_database: Callable[[Path], Engine]) -> Iterator[Database]:
    database = Database(empty_database(tmp_path / "kentongan.db"))
    values = {"id": 1, "user_id": "@bot:x", "device_id": "D", "device_since_at": 0, "updated_at": 0}
    database.run_blocking(lambda db: db.execute(insert(tables.session).values(values)))
    yield database
    database.close()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE", 0.01)


class Bench:
    """A sender before a server."""

    def __init__(self, server: Server, database: Database) -> None:
        client: Any = SimpleNamespace(user_id="@bot:x", rooms={}, encrypted_rooms=set(), olm=None, store=None)
        session: Any = SimpleNamespace(client=client, api=server, user_id="@bot:x", keys=None)
        self.server, self.database, self.sender = server, database, Sender(session, database)

    def put(self, *outgoing: Outgoing, age_ms: int = 0) -> None:
        def work(connection: Any) -> None:
            for one in outgoing:
                outbox.append(connection, one, now_ms() - age_ms)

        self.database.run_blocking(work)
        self.sender.wake()

    def row(self, key: str) -> Any:
        query = select(tables.outbox).where(tables.outbox.c.key == key)
        return self.database.run_blocking(lambda db: db.execute(query).one())

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.002)

    async def settled(self, key: str) -> Any:
        await self.until(lambda: self.row(key).state != "queued")
        return self.row(key)

    def start(self) -> None:
        self.task = asyncio.create_task(self.sender.run())


@asynccontextmanager
async def bench(database: Database, *, start: bool = True) -> AsyncIterator[Bench]:
    made = Bench(Server(), database)
    if start:
        made.start()
    try:
        yield made
    finally:
        made.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, SignedOut):
            await made.task


def text(key: str, room: str = "!a", priority: Priority = Priority.REPLY, **more: Any) -> Outgoing:
    return Outgoing(key, room, {"msgtype": "m.text", "body": key}, priority=priority, **more)


async def test_the_most_urgent_goes_first_and_order_is_kept_within_that(database: Database) -> None:
    async with bench(database, start=False) as b:
        b.put(
            text("buletin", priority=Priority.BULLETIN),
            text("satu"),
            text("dua"),
            text("awas", priority=Priority.WARNING),
        )
        b.start()
        await b.settled("buletin")
        assert b.server.bodies == ["awas", "satu", "dua", "buletin"]


async def test_rooms_go_side_by_side_but_each_has_one_message_under_way(database: Database) -> None:
    async with bench(database, start=False) as b:
        b.server.gate["!lambat"] = asyncio.Event()
        b.put(*(text(f"lambat {n}", "!lambat") for n in range(3)), *(text(f"cepat {n}", "!cepat") for n in range(3)))
        b.start()
        await b.settled("cepat 2")
        assert b.server.bodies == ["cepat 0", "cepat 1", "cepat 2"]
        assert len([path for path in b.server.paths if "!lambat/send" in path]) == 1
        b.server.gate["!lambat"].set()
        await b.settled("lambat 2")
        assert b.server.bodies[3:] == ["lambat 0", "lambat 1", "lambat 2"]


async def test_a_stuck_room_with_a_long_queue_does_not_hide_the_others(database: Database) -> None:
    async with bench(database, start=False) as b:
        b.server.gate["!macet"] = asyncio.Event()
        b.put(*(text(f"macet {n}", "!macet") for n in range(700)), text("lewat", "!lancar", Priority.BULLETIN))
        b.start()
        await b.settled("lewat")


async def test_no_more_rooms_at_once_than_allowed(database: Database) -> None:
    async with bench(database, start=False) as b:
        b.put(*(text(f"kabar {n}", f"!ruang{n}") for n in range(40)))
        b.start()
        for n in range(40):
            await b.settled(f"kabar {n}")
        assert b.server.most_at_once <= module.ROOMS_AT_ONCE


async def test_a_rate_limit_holds_every_room_and_afterwards_the_most_urgent_goes_first(database: Database) -> None:
    async with bench(database, start=False) as b:
        refused: list[str] = []

        def limited(path: str, body: Any) -> Exception | None:
            if len(refused) < 3 and "/send/" in path:
                refused.append(body["body"])
                return refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=300)
            return None

        b.server.faults = limited
        b.put(*(text(f"buletin {n}", f"!ruang{n}", Priority.BULLETIN) for n in range(3)))
        b.start()
        await b.until(lambda: len(refused) == 3 and b.sender.held > 0)
        b.put(text("awas", "!lain", Priority.WARNING))
        await b.settled("awas")
        assert b.server.bodies[0] == "awas"
        assert b.sender.held == 0
        for n in range(3):
            assert (await b.settled(f"buletin {n}")).state == "sent"


async def test_the_homeservers_patience_is_respected(database: Database) -> None:
    async with bench(database) as b:
        times: list[float] = []

        def limited(path: str, body: Any) -> Exception | None:
            times.append(asyncio.get_running_loop().time())
            return refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=250) if len(times) == 1 else None

        b.server.faults = limited
        b.put(text("satu"))
        await b.settled("satu")
        assert times[1] - times[0] >= 0.25


async def test_after_an_outage_everything_is_sent_in_order(database: Database) -> None:
    async with bench(database) as b:
        down = True
        b.server.faults = lambda path, body: Unreachable("down") if down else None
        b.put(*(text(f"pesan {n}") for n in range(5)))
        await b.until(lambda: b.row("pesan 0").attempts >= 3)
        assert b.row("pesan 1").attempts == 0
        b.put(text("awas", priority=Priority.WARNING))
        await b.until(lambda: b.row("awas").attempts >= 1)  # else a try of "pesan 0" may be on its way already
        down = False
        await b.settled("pesan 4")
        assert b.server.bodies == ["awas", *(f"pesan {n}" for n in range(5))]


async def test_a_message_that_always_fails_blocks_its_room_only_for_a_while(database: Database) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(500) if (body or {}).get("body") == "racun" else None
        b.put(text("racun"), text("sesudah"), text("lain", "!b"))
        await b.until(lambda: b.row("racun").attempts >= 3)
        assert "sesudah" not in b.server.bodies
        b.put(text("lain lagi", "!b"))
        assert (await b.settled("sesudah")).state == "sent"
        assert b.row("racun").state == "failed"
        assert b.row("racun").attempts == module.HOPELESS_TRIES


async def test_while_nothing_gets_through_nothing_is_given_up(database: Database) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(500)
        b.put(text("sabar"))
        await b.until(lambda: b.row("sabar").attempts > 2 * module.HOPELESS_TRIES)
        b.server.faults = lambda path, body: None
        assert (await b.settled("sabar")).state == "sent"


@pytest.mark.parametrize(("status", "errcode"), [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND"), (413, "M_TOO_LARGE")])
async def test_what_is_refused_for_good_is_failed_and_the_room_goes_on(
    database: Database, status: int, errcode: str
) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(status, errcode) if (body or {}).get("body") == "buruk" else None
        b.put(text("buruk"), text("baik"))
        assert (await b.settled("baik")).state == "sent"
        failed = b.row("buruk")
        assert (failed.state, failed.event_id) == ("failed", None)
        assert errcode in failed.error


async def test_a_proxys_error_page_is_no_refusal(database: Database) -> None:
    async with bench(database) as b:
        answers: list[Exception | None] = [ApiError(404, "M_UNKNOWN", "", {}), ApiError(403, "M_UNKNOWN", "", {}), None]
        b.server.faults = lambda path, body: answers.pop(0) if answers else None
        b.put(text("satu"))
        assert (await b.settled("satu")).state == "sent"


async def test_an_answer_without_an_event_id_is_not_success(database: Database) -> None:
    async with bench(database, start=False) as b:
        request = b.server.request
        empty = 2

        async def forgetful(method: str, path: str, body: Any = None, **more: Any) -> Any:
            nonlocal empty
            answer = await request(method, path, body, **more)
            if "/send/" in path and empty:
                empty -= 1
                return {}
            return answer

        b.server.request = forgetful  # type: ignore[method-assign]
        b.start()
        b.put(text("satu"))
        row = await b.settled("satu")
        assert (row.state, row.attempts) == ("sent", 2)
        assert row.event_id.startswith("$")


async def test_signed_out_ends_the_sender_and_keeps_the_row(database: Database) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(401, "M_UNKNOWN_TOKEN")
        b.put(text("satu"))
        with pytest.raises(SignedOut):
            await asyncio.wait_for(b.task, 5)
        assert b.row("satu").state == "queued"


async def test_what_refers_to_a_later_row_waits_for_it_even_when_more_urgent(database: Database) -> None:
    async with bench(database, start=False) as b:
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": "outbox:kartu"}}}
        reply = Outgoing("balasan", "!a", {"body": "balasan", **relation}, priority=Priority.WARNING)
        b.put(reply, text("kartu"))
        b.start()
        await b.settled("balasan")
        assert b.server.bodies == ["kartu", "balasan"]


async def test_a_redaction_of_what_was_refused_is_given_up(database: Database) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(403, "M_FORBIDDEN") if "/send/" in path else None
        b.put(text("kartu"), Outgoing("hapus", "!a", {"event_id": "outbox:kartu"}, action=Action.REDACTION))
        assert (await b.settled("hapus")).state == "failed"
        assert not [path for path in b.server.paths if "/redact/" in path]


async def test_redactions_of_a_room_go_several_at_once_and_leave_room_for_messages(database: Database) -> None:
    async with bench(database, start=False) as b:
        b.server.gate["!a"] = asyncio.Event()
        sweep = [
            Outgoing(f"hapus{number}", "!a", {"event_id": f"${number}"}, action=Action.REDACTION) for number in range(9)
        ]
        b.put(*sweep, text("jawaban"))
        b.start()
        async with asyncio.timeout(10):
            while b.server.open_at_once < module.REDACTIONS_AT_ONCE + 1:
                await asyncio.sleep(0.01)
        assert sum("/redact/" in path for path in b.server.paths) == module.REDACTIONS_AT_ONCE
        b.server.gate["!a"].set()
        for one in (*sweep, text("jawaban")):
            assert (await b.settled(one.key)).state == "sent"
        assert sum("/redact/" in path for path in b.server.paths) == len(sweep), "each once"


async def test_nothing_is_said_in_a_room_before_joining_it(database: Database) -> None:
    async with bench(database, start=False) as b:
        tries = iter([refusal(404, "M_UNKNOWN"), refusal(502, "M_UNKNOWN")])
        b.server.faults = lambda path, body: next(tries, None) if "/join/" in path else None
        join = Outgoing("masuk", "!a", {"via": ["bpbd.test"]}, action=Action.JOIN, priority=Priority.NOTICE)
        b.put(join, text("salam", priority=Priority.WARNING))
        b.start()
        await b.settled("salam")
        joins = [path for path in b.server.paths if "/join/" in path]
        assert joins == ["/_matrix/client/v3/join/!a?server_name=bpbd.test&via=bpbd.test"] * 3
        assert b.server.paths.index(joins[0]) < next(i for i, path in enumerate(b.server.paths) if "/send/" in path)
        assert b.row("masuk").event_id is None


async def test_a_join_that_finds_no_server_is_tried_again_and_not_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "JOIN_TRIES", 3)
    async with bench(database, start=False) as b:
        away = 2
        joins = lambda: [path for path in b.server.paths if "/join/" in path]  # noqa: E731
        b.server.faults = lambda path, body: (
            refusal(404, "M_UNKNOWN") if "!lost" in path or ("/join/" in path and len(joins()) <= away) else None
        )
        b.put(Outgoing("masuk", "!a", action=Action.JOIN))
        b.start()
        assert (await b.settled("masuk")).state == "sent"
        assert len(joins()) == away + 1
        b.put(Outgoing("hilang", "!lost", action=Action.JOIN))
        assert (await b.settled("hilang")).state == "failed"


async def test_a_join_that_is_quicker_than_the_inviters_server_is_tried_again_and_not_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "INVITE_TRIES", 2)
    async with bench(database, start=False) as b:
        early = iter([refusal(403, "M_FORBIDDEN")])
        b.server.faults = lambda path, body: refusal(403, "M_FORBIDDEN") if "!not" in path else next(early, None)
        b.put(Outgoing("masuk", "!a", action=Action.JOIN), Outgoing("dilarang", "!not", action=Action.JOIN))
        b.start()
        assert (await b.settled("masuk")).state == "sent"
        failed = await b.settled("dilarang")
        assert (failed.state, failed.attempts) == ("failed", 3)


async def test_leaving_a_room_we_are_not_in_is_done(database: Database) -> None:
    async with bench(database) as b:
        b.server.faults = lambda path, body: refusal(403, "M_FORBIDDEN")
        b.put(Outgoing("pergi", "!a", action=Action.LEAVE))
        assert (await b.settled("pergi")).state == "sent"


async def test_a_postponed_row_goes_out_when_it_is_due_and_not_before(database: Database) -> None:
    async with bench(database) as b:
        due = now_ms() + 150
        b.put(text("nanti", not_before=due), text("sekarang"))
        await b.settled("sekarang")
        row = await b.settled("nanti")
        assert row.sent_at >= due


async def test_a_full_disk_after_sending_repeats_the_same_transaction(database: Database) -> None:
    async with bench(database, start=False) as b:
        run, broken = database.run, 1

        async def fragile(work: Any) -> Any:
            nonlocal broken
            if b.server.said and broken:
                broken -= 1
                raise OSError("disk full")
            return await run(work)

        database.run = fragile  # type: ignore[method-assign]
        b.start()
        b.put(text("satu"))
        assert (await b.settled("satu")).state == "sent"
        sends = [path for path in b.server.paths if "/send/" in path]
        assert len(sends) == 2
        assert sends[0] == sends[1]


async def test_draining_sends_what_is_due_and_leaves_what_is_not(database: Database) -> None:
    async with bench(database) as b:
        b.put(
            *(text(f"pesan {n}", f"!ruang{n % 3}") for n in range(9)), text("besok", not_before=now_ms() + 86_400_000)
        )
        await b.sender.drain(5)
        await asyncio.wait_for(b.task, 5)
        assert sorted(b.server.bodies) == [f"pesan {n}" for n in range(9)]
        assert b.row("besok").state == "queued"


async def test_draining_gives_up_in_time_when_the_homeserver_hangs(database: Database) -> None:
    async with bench(database) as b:
        b.server.gate["!a"] = asyncio.Event()
        b.put(text("macet"))
        await b.until(lambda: b.server.open_at_once)
        with pytest.raises(TimeoutError):
            await b.sender.drain(0.2)
        assert b.row("macet").state == "queued"
