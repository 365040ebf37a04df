"""The handler loop: takes inbox rows in order, one transaction each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from bot import metrics
from bot.clock import now_ms
from bot.event import IncomingEvent, Kind
from bot.handlers import (
    alarms,
    anchors,
    bulletincopies,
    bulletinnotes,
    calling,
    changes,
    commands,
    complaintcards,
    complaints,
    confidences,
    forgetting,
    forwarding,
    fragments,
    groups,
    guarding,
    marks,
    officerwords,
    phrases,
    policies,
    questions,
    reports,
    rewording,
    searching,
    secondthoughts,
    slowing,
    takeup,
    talk,
    threads,
    tickets,
    unediting,
    verdicts,
    warningorders,
    waves,
    welcome,
    withdrawals,
)
from bot.handlers.desk import Desk
from bot.handlers.routing import RoomKind, Route, Way, route
from bot.markup import render
from bot.outgoing import Action
from bot.store import inbox, outbox
from bot.store.changes import JOINED, latest
from bot.store.database import Database

log = structlog.get_logger()

CATCH_UP_SECONDS = 0.25
"""How often it is looked whether the first sync is through, while fragments wait for it."""
_AS_IT_IS_NOW = frozenset(
    {
        Way.QUESTION, Way.ADDRESSED, Way.VOICE_QUESTION, Way.LOCATION, Way.ATTACHMENT, Way.TICKET, Way.TEXT_REPORT,
        Way.VOICE_NOTE, Way.FOLLOW_UP, Way.CARD, Way.ERASURE, Way.SEARCH, Way.NOTES, Way.SUBSCRIPTION, Way.PREVIEW,
        Way.WARNING,
    }
)  # fmt: skip
"""What is read as its author wants it by the time it is read: edited meanwhile, or not at all."""
_MAY_STIR = frozenset((Kind.MEMBER, Kind.STATE, Kind.NOTICE, Kind.OTHER))
"""What says nothing to us, and may still be met by a protection or a policy list."""
_MAY_BE_ERASURE = frozenset({Way.QUESTION, Way.ADDRESSED, Way.TEXT_REPORT, Way.FOLLOW_UP})
InviteRule = Callable[[IncomingEvent], Action]
"""Join or leave, for an invite."""


class Consumer:
    """Works through the inbox; wakes the others when it left them something to do."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        *,
        invite_rule: InviteRule,
        wake_sender: Callable[[], None],
        wake_listener: Callable[[], None],
        caught_up: Callable[[], bool] = lambda: True,
    ) -> None:
        """`caught_up`: whether what was sent while the bot was away has been fetched since its start."""
        self.desk = desk
        self._database = database
        self._invite_rule = invite_rule
        self._wake_sender = wake_sender
        self._wake_listener = wake_listener
        self._caught_up = caught_up
        self._work = asyncio.Event()
        self._work.set()

    def wake(self) -> None:
        """There may be new rows."""
        self._work.set()

    async def run(self) -> None:
        """Until cancelled. A row whose handler raises is tried again, then kept as failed; the rest goes on."""
        while True:
            # Fragments of a question wait until their time: nobody wakes us for it.
            due = await self._database.run(inbox.next_due)
            seconds = None if due is None else max(due - now_ms(), 0) / 1000
            if due is not None and not self._caught_up():
                seconds = CATCH_UP_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._work.wait()
            self._work.clear()
            await self.work_off()

    async def work_off(self) -> None:
        """Until no row waits.

        A fragment left by the last run waits for the first sync of this one: the rest of its question may be there.
        """
        while rows := await self._database.run(lambda connection: inbox.pending(connection, now=self._due())):
            for row in rows:
                await self._handle(row)

    def _due(self) -> int:
        return now_ms() if self._caught_up() else 0

    async def _handle(self, row: inbox.Row) -> None:
        try:
            way = await self._database.run(lambda connection: self._in_transaction(connection, row))
        except Exception as error:
            log.exception("handler.failed", event_id=row.event.event_id, attempt=row.attempts + 1)
            metrics.handler_failures.inc()
            cause = f"{type(error).__name__}"
            await self._database.run(lambda connection: self._failed(connection, row, cause))
            self._wake_sender()
            return
        if way is None:
            return
        metrics.handled.labels(way).inc()
        if way in (Way.VOICE_NOTE, Way.VOICE_QUESTION, Way.CARD):
            self._wake_listener()
        if way is not Way.NOTHING or row.event.kind in _MAY_STIR:
            self._wake_sender()

    def _in_transaction(self, connection: Connection, row: inbox.Row) -> Way | None:
        """The way it went; `None` when it waits, or was handled together with another row of the same batch."""
        event, now = row.event, now_ms()
        if not inbox.waits(connection, row.id):
            return None
        answers_us = event.reply_to is not None and outbox.ours(connection, event.reply_to)
        about = self._about(connection, event)
        kind = self.desk.room_kind(connection, event.room_id)
        report = anchors.followed(connection, event)
        agency = forwarding.is_agency_room(connection, self.desk, event.room_id)
        chosen = route(
            event, kind, me=self.desk.me, answers_us=answers_us, about=about, follows=report is not None, agency=agency,
            complains=event.kind is Kind.REACTION and complaints.is_sign(self.desk, event.body),
            ordered=commands.concerns(connection, event, self.desk, kind, about, now),
            confirms=calling.confirms(connection, event, now) or warningorders.confirms(connection, event, now),
        )  # fmt: skip
        if chosen.way in _MAY_BE_ERASURE and forgetting.concerns(connection, event, now):
            chosen = Route(Way.ERASURE, "asks to be forgotten")
        foreign = kind is RoomKind.OTHER and not agency and event.kind is not Kind.INVITE
        listed = foreign and policies.is_list(connection, event.room_id)
        silenced = listed or (foreign and groups.silences(connection, event, self.desk, row.received_at, now))
        if silenced and event.kind is not Kind.REDACTION and chosen.way is not Way.ERASURE:
            if listed:
                policies.changed(connection, event, self.desk, now)
            inbox.done(connection, row.id, now)
            inbox.forget_content(connection, row.id)
            return Way.SILENT
        rows: tuple[int, ...] = (row.id,)
        current: IncomingEvent | None = event
        if chosen.way is Way.QUESTION and event.direct:
            whole = fragments.gather(connection, row, self.desk, now)
            if whole is None:
                return None
            current, rows = whole.event, whole.rows
            self._explain(connection, whole, now)
        elif chosen.way in _AS_IT_IS_NOW:
            current = latest(connection, event)
        for number in rows:
            inbox.done(connection, number, now)
        if current is None:
            return Way.NOTHING
        event = current
        private = event.direct and not silenced and kind in (RoomKind.OTHER, RoomKind.DIRECT)
        if private and event.kind is not Kind.INVITE and chosen.way is not Way.ERASURE:
            confidences.entered(connection, event, self.desk, now)
        self._dispatch(connection, event, chosen, about, now)
        if kind is RoomKind.CHANNEL and not agency:  # by now it is known whether it is a report
            guarding.watch(connection, row, event, self.desk, now)
            slowing.enforce(connection, event, self.desk, now, follows=chosen.way is Way.FOLLOW_UP)
            waves.watch(connection, event, self.desk, now)
            policies.came(connection, event, self.desk, now)
        policies.changed(connection, event, self.desk, now)
        seen = event.kind in (Kind.IMAGE, Kind.FILE) and chosen.way in (Way.TEXT_REPORT, Way.FOLLOW_UP)
        if chosen.way is Way.ATTACHMENT or seen:  # a photo of a channel stays in the channel: we keep no way to it
            inbox.forget_content(connection, row.id)
        return chosen.way

    def _explain(self, connection: Connection, whole: fragments.Whole, now: int) -> None:
        """Why a message has no answer of its own."""
        if whole.event is None:
            return
        for part in whole.parts:
            self.desk.record(connection, JOINED, part, {"into": whole.event.event_id}, now)
        for part in whole.passed:
            self.desk.record(connection, "dialogue.passed", part, {"for": whole.event.event_id}, now)

    @staticmethod
    def _about(connection: Connection, event: IncomingEvent) -> str | None:
        """The key of the message of ours that an event is about."""
        for event_id in (event.target, event.thread_root, event.reply_to):
            key = outbox.key_of(connection, event_id) if event_id is not None else None
            if key is not None:
                return key
        return None

    def _dispatch(
        self, connection: Connection, event: IncomingEvent, chosen: Route, about: str | None, now: int
    ) -> None:
        match chosen.way:
            case Way.QUESTION:
                questions.answer(connection, event, self.desk, now, thread=chosen.reason != "direct")
            case Way.ADDRESSED:
                questions.answer(connection, event, self.desk, now, thread=True, may_report=True)
            case Way.VOICE_QUESTION:
                reports.take_voice(connection, event, self.desk, now, purpose="question")
            case Way.VOICE_NOTE:
                reports.take_voice(connection, event, self.desk, now, purpose="report")
            case Way.TEXT_REPORT:
                if not takeup.take_text(connection, event, self.desk, now):
                    reports.beside(connection, event, self.desk, now)
            case Way.FOLLOW_UP:
                report = anchors.followed(connection, event)
                assert report is not None  # noqa: S101 - that is why it came here
                talk.from_reporter(connection, event, self.desk, report, event.words, now)
            case Way.LOCATION:
                questions.located(connection, event, self.desk, now)
            case Way.CHOICE:
                questions.chosen(connection, event, self.desk, about, now)
            case Way.TICKET:
                tickets.from_officer(connection, event, self.desk, about, now)
            case Way.TICKET_MARK:
                tickets.ticked(connection, event, self.desk, about, now)
            case Way.CARD:
                threads.said(connection, event, self.desk, about, now)
            case Way.CARD_MARK:
                marks.reacted(connection, event, self.desk, about, now)
            case Way.COMPLAINT:
                complaints.by_member(connection, event, self.desk, now)
            case Way.COMPLAINT_MARK:
                complaintcards.reacted(connection, event, self.desk, about, now)
                waves.reacted(connection, event, self.desk, about, now)
            case Way.CALL:
                calling.ordered(connection, event, self.desk, now)
            case Way.CODE:
                if not warningorders.typed(connection, event, self.desk, now):
                    calling.typed(connection, event, self.desk, now)
            case Way.WARNING:
                warningorders.said(connection, event, self.desk, about, now)
            case Way.WARNING_MARK:
                warningorders.marked(connection, event, self.desk, about, now)
            case Way.CARD_UNMARK:
                complaintcards.unreacted(connection, event, self.desk, now)
                marks.unreacted(connection, event, self.desk, now)
                officerwords.redacted(connection, event, self.desk, now)
                withdrawals.by_officer(connection, event, self.desk, now)
                changes.by_officer(connection, event, self.desk, now)
                bulletinnotes.withdrawn(connection, event, self.desk, now)
                verdicts.withdrawn(connection, event, self.desk, now)
                calling.changed(connection, event, self.desk, now)
                warningorders.changed(connection, event, self.desk, now)
            case Way.WITHDRAWAL:
                complaints.withdrawn(connection, event, self.desk, now)
                if not unediting.by_reporter(connection, event, self.desk, now):
                    withdrawals.by_reporter(connection, event, self.desk, now)
            case Way.AGENCY:
                forwarding.came_back(connection, event, self.desk, about, now)
            case Way.CHANGE:
                alarms.withdrawn(connection, event, self.desk, now)
                secondthoughts.changed(connection, event, self.desk, now)
                changes.by_citizen(connection, event, self.desk, now)
                withdrawals.by_reporter(connection, event, self.desk, now)
            case Way.TICKET_CHANGE:
                changes.by_officer(connection, event, self.desk, now)
                officerwords.edited(connection, event, self.desk, now)
                bulletinnotes.edited(connection, event, self.desk, now)
                verdicts.edited(connection, event, self.desk, now)
                calling.changed(connection, event, self.desk, now)
                warningorders.changed(connection, event, self.desk, now)
            case Way.REWORDING:
                rewording.by_reporter(connection, event, self.desk, now)
            case Way.ERASURE:
                forgetting.answer(connection, event, self.desk, now)
            case Way.SEARCH:
                searching.answer(connection, event, self.desk, now)
            case Way.ORDER:
                commands.ordered(connection, event, self.desk, about, now)
            case Way.NOTES:
                bulletinnotes.ordered(connection, event, self.desk, now)
            case Way.SUBSCRIPTION:
                bulletincopies.ordered(connection, event, self.desk, now)
            case Way.PREVIEW:
                verdicts.said(connection, event, self.desk, about, now)
            case Way.PREVIEW_MARK:
                verdicts.reacted(connection, event, self.desk, about, now)
            case Way.ATTACHMENT:
                questions.attached(connection, event, self.desk, now)
            case Way.MEMBERSHIP:
                welcome.moved(connection, event, self.desk, now)
            case Way.GROUP:
                groups.answered(connection, event, self.desk, about, now)
            case Way.INVITE:
                groups.invited(connection, event, self.desk, self._invite_rule(event) is Action.JOIN, now)
            case Way.NOTHING:
                pass

    def _failed(self, connection: Connection, row: inbox.Row, cause: str) -> None:
        now = now_ms()
        if not inbox.failed(connection, row, cause, now):
            return
        event = row.event
        self.desk.record(connection, "handler.failed", event.event_id, {"error": cause}, now)
        text = phrases.TROUBLE_FOR_OFFICERS.format(
            attempts=inbox.MAX_ATTEMPTS, link=self.desk.link(event), event_id=event.event_id
        )
        self.desk.tell_operations(connection, f"failed:{event.event_id}", render(text).content(), now)
        if event.direct:
            self.desk.say(connection, event, f"reply:{event.event_id}", phrases.TROUBLE, now)
