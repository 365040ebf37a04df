"""The composition root: the only place that wires the parts of the running bot together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, text

from bot import metrics
from bot.bulletins.schedule import Schedule
from bot.bulletins.sources import Refresher
from bot.clock import now_ms
from bot.config import Config
from bot.content import Content, load_content
from bot.dialogue.engine import Engine
from bot.event import Media
from bot.handlers import complaints, duties
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.listening import Listener, Temporary, Unfetchable
from bot.handlers.nightly import Nightly
from bot.handlers.reciting import Reciter
from bot.handlers.renewal import Renewal
from bot.health import Health, HealthServer
from bot.incidents.analyser import Analyser
from bot.lock import Hold, hold
from bot.matrix import crosssigning, invites, media
from bot.matrix import drift as drifting
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.eventreports import EventReports
from bot.matrix.roomplan import Files
from bot.matrix.sender import Sender
from bot.matrix.session import MatrixSession
from bot.matrix.sync import SyncLoop
from bot.problem import ContentError, Problem, Severity
from bot.rounds import Rounds, Slots
from bot.store.audit import Auditor
from bot.store.complaints import Reported
from bot.store.database import Database, connect
from bot.store.migrate import upgrade
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

log = structlog.get_logger()

DRAIN_SECONDS = 8.0
"""After SIGTERM; service managers kill after ten."""
LISTENING_AT_ONCE = 32
"""Notes being fetched or heard: more than there are workers, so that the pool can choose fairly among them."""


@dataclass(frozen=True)
class Loop:
    """One of what the bot does at the same time."""

    name: str
    work: Callable[[], Coroutine[Any, Any, None]]
    brings_work: bool = True
    """It may leave something to do; so it ends first, and the others finish."""


class App:
    """The running bot: loops around one database."""

    def __init__(
        self, config: Config, content: Content, database: Database, session: MatrixSession, lock: Hold
    ) -> None:
        self._config = config
        self._database = database
        self._session = session
        desk = Desk(
            me=session.user_id,
            config=config,
            content=content,
            engine=Engine(content.flows),
            analyser=Analyser(content.gazetteer, content.rules),
            auditor=Auditor(config.audit_key()),
        )
        self._desk = desk
        scratch = config.data_dir / "scratch"
        self._speech = SpeechPool(config.speech, find_model(config.speech.model), scratch=scratch)
        self._sender = Sender(session, database)
        self._listener = Listener(
            database, desk, self._fetch, self._speech, capacity=LISTENING_AT_ONCE, wake_sender=self._sender.wake
        )
        self._consumer = Consumer(
            database,
            desk,
            invite_rule=lambda event: invites.decide(config, event),
            wake_sender=self._sender.wake,
            wake_listener=self._listener.wake,
            caught_up=lambda: self._sync.state.turns > 0,
        )
        self._sync = SyncLoop(session, database, on_batch=self._consumer.wake)
        self._rounds = Rounds(database, lambda: self._desk, lock, wake_sender=self._sender.wake)
        self._slots = Slots(
            database, lambda: self._desk, caught_up=lambda: self._sync.state.turns > 0, wake=self._sender.wake
        )
        self._schedule = Schedule(content.bulletins, config.zone, self._slots.look)
        self._sources = Refresher(database, lambda: self._desk.content.bulletins.sources, config.feeds)
        self._renewal = Renewal(
            database, lambda: self._desk, self._use, used=self._follow, wake_sender=self._sender.wake
        )
        self._drift = drifting.Drift(
            session.api,
            database,
            self._wanted_rooms,
            desk.auditor,
            me=session.user_id,
            minutes=config.rooms.drift_minutes,
            wake_sender=self._sender.wake,
        )
        self._reciter = Reciter(database, config, wake_sender=self._sender.wake)
        self._nightly = Nightly(database, lambda: self._desk)
        token = config.admin_token()
        admin = HomeserverApi(config.homeserver.url, token, proxy=config.homeserver.proxy) if token else None
        self._reports = EventReports(admin, database, self._take_reports, self._reports_refused) if admin else None
        self._health = HealthServer(config.server.host, config.server.port, self.health)
        self._stop = asyncio.Event()
        self._made_at = now_ms()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises SignedOut when the homeserver ends the session."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._renewal.ask)
        await self._listen()
        await crosssigning.ensure(self._session, self._config)
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        loops = {loop: asyncio.create_task(loop.work(), name=loop.name) for loop in self._loops()}
        self._schedule.start()
        log.info("bot.started", user_id=self._session.user_id, version=self._desk.content.version)
        try:
            await self._watch(stopping, loops.values())
        finally:
            self._schedule.stop()
            await self._wind_down(loops)
            await self._health.stop()
            log.info("bot.stopped")

    async def _listen(self) -> None:
        """Serve /healthz and /metrics. Raises ContentError when the port is not to be had."""
        server = self._config.server
        try:
            await self._health.start()
        except OSError as error:
            what = f"server.port: cannot listen on {server.host}:{server.port} ({error.strerror}); choose another"
            raise ContentError([Problem(self._config.file, 0, what)]) from None

    async def _watch(self, stopping: asyncio.Task[bool], loops: Iterable[asyncio.Task[None]]) -> None:
        """A loop that ends with an error ends the bot: a supervisor restarts it, and nothing is lost."""
        waiting: set[asyncio.Task[Any]] = {stopping, *loops}
        while not stopping.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    def _loops(self) -> tuple[Loop, ...]:
        return (
            Loop("sync", self._sync.run),
            Loop("consumer", self._consumer.run),
            Loop("listener", self._listener.run),
            Loop("duties", self._rounds.run),
            Loop("renewal", self._renewal.run),
            Loop("nightly", self._nightly.run),
            Loop("drift", self._drift.run),
            *((Loop("reports", self._reports.run),) if self._reports else ()),
            Loop("sources", self._sources.run),
            Loop("reciter", self._reciter.run),
            Loop("sender", self._sender.run, brings_work=False),
            Loop("speech", self._speech.start, brings_work=False),
        )

    async def _wind_down(self, loops: Mapping[Loop, asyncio.Task[None]]) -> None:
        """Nothing new begins; what has been decided is sent, as far as the time goes. The rest waits in the outbox."""
        for loop, task in loops.items():
            if loop.brings_work:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sender.drain(DRAIN_SECONDS / 2), DRAIN_SECONDS / 2)
        for task in loops.values():
            task.cancel()
        await asyncio.gather(*loops.values(), return_exceptions=True)
        await self._speech.close(DRAIN_SECONDS / 2)
        if self._reports is not None:
            await self._reports.close()

    def _wanted_rooms(self) -> drifting.Content:
        """As the content stands that the bot decides by."""
        content = self._desk.content
        return drifting.Content(Files(content.rooms, content.agencies), content.version)

    async def _fetch(self, item: Media, target: Path) -> tuple[str, int]:
        """An attachment into a file, with the voice package's errors."""
        try:
            return await media.download(self._session.api, item, target, max_bytes=self._config.speech.max_bytes)
        except media.MediaTooLarge:
            raise Unfetchable("too_large") from None
        except media.MediaGone:
            raise Unfetchable("gone") from None
        except media.MediaTampered:
            raise Unfetchable("tampered") from None
        except (ApiError, Unreachable) as error:
            raise Temporary(type(error).__name__) from error

    def _use(self, desk: Desk) -> None:
        """Everything that decides, decides by this desk from now on."""
        self._desk = self._consumer.desk = self._listener.desk = desk

    def _follow(self) -> None:
        """What follows the content beside the desk."""
        self._schedule.follow(self._desk.content.bulletins)

    def _take_reports(self, connection: Connection, reports: Sequence[Reported]) -> None:
        if complaints.from_homeserver(connection, self._desk, reports, now_ms()):
            self._sender.wake()

    def _reports_refused(self, connection: Connection, why: str) -> None:
        complaints.cannot_be_read(connection, self._desk, why, now_ms())

    async def health(self) -> Health:
        """For /healthz; also refreshes the gauges."""
        writable = True
        try:
            async with asyncio.timeout(5):
                await self._database.run(self._probe)
        except Exception:
            writable = False
        metrics.sync_age.set((now_ms() - (self._sync.state.last_success_at or self._made_at)) / 1000)
        return Health(live=True, synced=self._sync.state.synced, speech=self._speech.ready, database=writable)

    @staticmethod
    def _probe(connection: Connection) -> None:
        """BEGIN IMMEDIATE has taken the write lock by the time this runs."""
        connection.execute(text("SELECT 1"))
        duties.measure(connection, now_ms())


async def serve(config: Config) -> None:
    """Run the bot of this configuration until it is told to stop.

    Raises ContentError, Locked, ModelMissing (exit 2), Unreachable (exit 3), SignedOut (exit 4).
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the bot can follow it: the content is only just being read
    content, problems = load_content(config)
    if content is None:
        raise ContentError([problem for problem in problems if problem.severity is Severity.ERROR])
    find_model(config.speech.model)
    with hold(config.data_dir, config.database_url) as lock:
        config.pickle_key()  # keys first: a database or crypto store without its key is a mistake from then on
        auditor = Auditor(config.audit_key())
        engine = connect(config.database_url)
        upgrade(engine)
        database = Database(engine)
        try:
            if not await database.run(auditor.fits):
                file = config.resolve(config.secrets.audit_key_file)
                raise ContentError(
                    [Problem(config.file, 0, f"secrets.audit_key_file: {file} is not this database's key")]
                )
            session = await MatrixSession.open(config, database)
            try:
                await App(config, content, database, session, lock).run()
            finally:
                await session.close()
        finally:
            database.close()
