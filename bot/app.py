"""The composition root: the only place that wires the parts of the running bot together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, text

from bot import metrics
from bot.bulletins.announce import Announced
from bot.bulletins.schedule import Schedule
from bot.bulletins.sources import Refresher
from bot.clock import now_ms
from bot.config import Config
from bot.content import Content, load_content
from bot.dialogue.engine import Engine
from bot.event import Media
from bot.handlers import (
    announcing,
    backlog,
    complaints,
    confidences,
    congestion,
    dossier,
    duties,
    footing,
    forgetting,
    forwarding,
    groups,
    guarding,
    guides,
    moderation,
    moving,
    policies,
    previewing,
    tickets,
    warning,
    watch,
)
from bot.handlers.consumer import Consumer
from bot.handlers.desk import Desk
from bot.handlers.listening import Listener, Temporary, Unfetchable
from bot.handlers.nightly import Nightly
from bot.handlers.reciting import Reciter
from bot.handlers.renewal import Renewal
from bot.health import Health, HealthServer
from bot.incidents.analyser import Analyser
from bot.lock import Hold, Locked, hold
from bot.matrix import crosssigning, invites, media
from bot.matrix import drift as drifting
from bot.matrix.api import ApiError, HomeserverApi, Unreachable
from bot.matrix.eventreports import EventReports
from bot.matrix.roomplan import Files
from bot.matrix.sender import Sender
from bot.matrix.session import MatrixSession
from bot.matrix.sync import SyncLoop
from bot.problem import ContentError, Problem, Severity
from bot.store.audit import Auditor
from bot.store.complaints import Reported
from bot.store.database import Database, connect
from bot.store.migrate import upgrade
from bot.voice.models import find_model
from bot.voice.pool import SpeechPool

log = structlog.get_logger()

DRAIN_SECONDS = 8.0
"""After SIGTERM; service managers kill after ten."""
DUTY_SECONDS = 10
ANNOUNCE_TRIES, ANNOUNCE_AGAIN_SECONDS = 120, 0.5
"""So long a bulletin waits for what officers have written and we have not read; a homeserver may be down longer."""
Duty = Callable[[Connection, Desk, int], object]
LISTENING_AT_ONCE = 32
"""Notes being fetched or heard: more than there are workers, so that the pool can choose fairly among them."""


class App:
    """The running bot: loops around one database."""

    def __init__(
        self, config: Config, content: Content, database: Database, session: MatrixSession, lock: Hold
    ) -> None:
        self._config = config
        self._hold = lock
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
        self._schedule = Schedule(content.bulletins, config.zone, self._announce)
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
        loops = [
            asyncio.create_task(work(), name=name)
            for name, work in (
                ("sync", self._sync.run),
                ("consumer", self._consumer.run),
                ("sender", self._sender.run),
                ("listener", self._listener.run),
                ("speech", self._speech.start),
                ("duties", self._duties),
                ("renewal", self._renewal.run),
                ("nightly", self._nightly.run),
                ("drift", self._drift.run),
                *([("reports", self._reports.run)] if self._reports else []),
                ("sources", self._sources.run),
                ("reciter", self._reciter.run),
            )
        ]
        self._schedule.start()
        log.info("bot.started", user_id=self._session.user_id, version=self._desk.content.version)
        try:
            await self._watch(stopping, loops)
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

    async def _watch(self, stopping: asyncio.Task[bool], loops: list[asyncio.Task[None]]) -> None:
        """A loop that ends with an error ends the bot: a supervisor restarts it, and nothing is lost."""
        waiting: set[asyncio.Task[Any]] = {stopping, *loops}
        while not stopping.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _wind_down(self, loops: list[asyncio.Task[None]]) -> None:
        """No new events; what has been decided is sent, as far as the time goes. The rest waits in the outbox."""
        by_name = {task.get_name(): task for task in loops}
        for name in (
            "sync",
            "duties",
            "renewal",
            "nightly",
            "drift",
            "reports",
            "sources",
            "reciter",
            "listener",
            "consumer",
        ):
            if name in by_name:
                by_name[name].cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sender.drain(DRAIN_SECONDS / 2), DRAIN_SECONDS / 2)
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
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

    async def _announce(self) -> None:
        """A slot may be due: the database decides."""
        if not self._config.bulletins.enabled:
            return
        for tries in reversed(range(ANNOUNCE_TRIES)):
            done = await self._database.run(partial(self._announce_due, patient=tries > 0))
            if done is not None:
                break
            await asyncio.sleep(ANNOUNCE_AGAIN_SECONDS)
        if done:
            self._sender.wake()
            self._reciter.wake()

    def _announce_due(self, connection: Connection, *, patient: bool) -> list[Announced] | None:
        """`None`: officers may have written about it, now or while the bot was away, and that is read first."""
        now = now_ms()
        behind = not self._sync.state.turns and now - self._made_at < ANNOUNCE_TRIES * ANNOUNCE_AGAIN_SECONDS * 1000
        return None if patient and behind else announcing.announce(connection, self._desk, now, patient=patient)

    async def _duties(self) -> None:
        """What comes round, each in its own transaction."""
        rounds: list[Duty] = [
            duties.tell_undecryptable,
            duties.post_audit_head,
            duties.report_lost_gaps,
            footing.look,
            tickets.close_idle,
            forgetting.resume,
            forwarding.confirm,
            confidences.confirm,
            groups.expire,
            dossier.expire,
            moderation.expire,
            moderation.confirm,
            moderation.uphold,
            moving.resume,
            watch.look,
            warning.look,
            backlog.look,
            guides.pin,
            guarding.watch_unreadable,
            policies.look,
            previewing.look,
            congestion.look,
        ]
        while True:
            if not self._hold.held():
                raise Locked("the lock on the data folder or database is lost: another bot may have started")
            for duty in rounds:
                try:
                    await self._database.run(partial(self._do, duty))
                except Exception:
                    log.exception("duty.failed", duty=duty.__name__)
            self._sender.wake()
            await asyncio.sleep(DUTY_SECONDS)

    def _do(self, duty: Duty, connection: Connection) -> object:
        return duty(connection, self._desk, now_ms())

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
