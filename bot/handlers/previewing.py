"""The card of a coming bulletin in the operations room: put up before its slot, kept true, at last what became of it.

One card for each slot and date. Its upper part stands in the row; below it stands what officers answered and what was
done, which is read anew each time, so the card is edited exactly when it would say something else.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from bot.bulletins import approval, deskwords
from bot.bulletins.due import Target
from bot.bulletins.preview import Draft, card
from bot.bulletins.preview import digest as digest_of
from bot.bulletins.template import TemplateFault
from bot.bulletins.verdict import Answer, Verdict
from bot.handlers import announcing, restating
from bot.handlers.desk import Desk
from bot.handlers.replies import threaded
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import REFERENCE
from bot.store import bulletinnotes, bulletins, previews, relays, subscriptions
from bot.store.previews import Preview

_MINUTE = 60_000
FRESH_MS = 2 * _MINUTE
"""So old a card may be before it is looked over: what would go out may be something else by now."""
_NAMED = 5


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Put up the cards that are due and say what became of the others; how many were put up. A duty."""
    today = local(desk, now).date()
    bulletinnotes.expire(connection, today.isoformat(), now)
    if not desk.config.bulletins.enabled:
        return 0
    put_up = sum(
        _put_up(connection, desk, slot, today + dt.timedelta(days=ahead), now)
        for ahead in (0, 1)  # a slot soon after midnight is shown the day before
        for slot in desk.content.bulletins.slots
    )
    for preview in previews.since(connection, (today - dt.timedelta(days=1)).isoformat()):
        if states := bulletins.states(connection, preview.date, preview.slot, now):
            if preview.composed_at < max(
                (one.decided_at for one in states if one.state != bulletins.SKIPPED), default=0
            ):
                recompose(connection, desk, preview, now)  # what went out, if that is not what stood here
            else:
                refresh(connection, desk, preview, now)
        elif not 0 <= now - preview.composed_at < FRESH_MS and now < preview.due_at:  # or by a clock ahead
            recompose(connection, desk, preview, now)
    return put_up


def renew(connection: Connection, desk: Desk, now: int) -> None:
    """Notes have changed: cards of what is still to come show it."""
    for preview in previews.since(connection, local(desk, now).date().isoformat()):
        if outcome(connection, desk, preview, now).pending:
            recompose(connection, desk, preview, now)


def recompose(connection: Connection, desk: Desk, preview: Preview, now: int) -> None:
    """The card shows what would be said now. Ages of sources alone are no reason to touch it."""
    date = dt.date.fromisoformat(preview.date)
    words = approval.of(preview).words
    shown, digest = _shown(
        connection, desk, preview.slot, date, hearing(connection, desk, preview.slot, date), now, words
    )
    if digest == preview.digest:
        previews.unchanged(connection, preview.slot, preview.date, now)
    else:
        previews.shown(connection, preview.slot, preview.date, shown, digest, now)
    current = previews.get(connection, preview.slot, preview.date)
    if current is not None:
        refresh(connection, desk, current, now)


def refresh(connection: Connection, desk: Desk, preview: Preview, now: int) -> bool:
    """Edit the card if it would say something else; whether it did."""
    said = render(_text(connection, desk, preview, now)).content()
    stands = restating.shown(connection, preview.key)
    if stands is None or stands.get("formatted_body") == said["formatted_body"]:
        return False
    number = len(relays.edits_of(connection, f"{preview.key}:edit:"))
    return restating.replace(connection, preview.key, said, str(number), now)


def hearing(connection: Connection, desk: Desk, slot: str, date: dt.date) -> list[Target]:
    """The channels that hear a slot on a date."""
    files = desk.content.bulletins
    return [
        target
        for target in announcing.targets(connection, desk)
        if slot in files.slots and slot in target.slots and date.weekday() in files.slot(slot, target.name).days
    ]


class Outcome:
    """What has become of a slot of a date, by channel."""

    def __init__(self, states: Sequence[bulletins.State], expected: Sequence[Target], zone: dt.tzinfo) -> None:
        names = {target.room_id: target.title for target in expected}
        in_rooms = [one for one in states if one.room_id in names]
        self.copies = len([one for one in states if one.room_id not in names and one.state != bulletins.SKIPPED])
        self.skipped = [one for one in in_rooms if one.state == bulletins.SKIPPED]
        self.sent = [one for one in in_rooms if one.state == "sent"]
        self.waiting = [one for one in in_rooms if one.state == bulletins.QUEUED]
        self.failed = sorted(names[one.room_id] for one in in_rooms if one.state in ("failed", "cancelled"))
        decided = {one.room_id for one in in_rooms}
        self.pending = [target for target in expected if target.room_id not in decided]
        self.decided = len(decided)
        self._zone = zone

    @property
    def lines(self) -> list[str]:
        """For the card."""
        found: list[str] = []
        if self.sent:
            found.append(deskwords.DONE_SENT.format(number=len(self.sent), times=self._times()))
        if self.waiting:
            found.append(deskwords.DONE_WAITING.format(number=len(self.waiting)))
        if self.failed:
            rooms = ", ".join(escape(title) for title in self.failed[:_NAMED])
            found.append(deskwords.DONE_FAILED.format(number=len(self.failed), rooms=rooms))
        for reason, number in Counter(one.reason or "" for one in self.skipped).items():
            found.append(deskwords.DONE_SKIPPED.format(number=number, why=deskwords.WHY.get(reason, escape(reason))))
        if self.pending and found:
            found.append(deskwords.DONE_PENDING.format(number=len(self.pending)))
        if self.copies:
            found.append(deskwords.DONE_COPIES.format(number=self.copies))
        return found

    def _times(self) -> str:
        moments = sorted(one.sent_at or one.decided_at for one in self.sent)
        first, last = (f"{dt.datetime.fromtimestamp(at / 1000, self._zone):%H.%M}" for at in (moments[0], moments[-1]))
        return first if first == last else f"{first}–{last}"


def outcome(connection: Connection, desk: Desk, preview: Preview, now: int) -> Outcome:
    """What has become of a preview's slot so far."""
    states = bulletins.states(connection, preview.date, preview.slot, now)
    date = dt.date.fromisoformat(preview.date)
    return Outcome(states, hearing(connection, desk, preview.slot, date), desk.config.zone)


def local(desk: Desk, now: int) -> dt.datetime:
    """`now` where the channels are."""
    return dt.datetime.fromtimestamp(now / 1000, desk.config.zone)


def _put_up(connection: Connection, desk: Desk, slot: str, date: dt.date, now: int) -> bool:
    files = desk.content.bulletins
    before = files.slots[slot].preview
    if not before.minutes or date in files.quiet_dates or desk.operations_room(connection) is None:
        return False
    heard_by = hearing(connection, desk, slot, date)
    if not heard_by:
        return False
    announcer = announcing.announcer_of(desk, heard_by)
    due_at = round(min(announcer.slot_of(target, slot, date).at for target in heard_by).timestamp() * 1000)
    if not due_at - before.minutes * _MINUTE <= now < due_at:
        return False
    if bulletins.states(connection, date.isoformat(), slot, now):
        return False
    if there := previews.get(connection, slot, date.isoformat()):
        return there.asked_at > now and _put_forward(connection, desk, there, now)
    shown, digest = _shown(connection, desk, slot, date, heard_by, now, None)
    previews.ask(connection, slot, date.isoformat(), due_at=due_at, shown=shown, digest=digest, now=now)
    preview = previews.get(connection, slot, date.isoformat())
    assert preview is not None  # noqa: S101 - just written
    desk.record(connection, "preview.asked", preview.key, {"rooms": len(heard_by), "due_at": due_at}, now)
    return desk.tell_operations(connection, preview.key, render(_text(connection, desk, preview, now)).content(), now)


def _put_forward(connection: Connection, desk: Desk, preview: Preview, now: int) -> bool:
    """Its card was put up by a clock that ran ahead and stands far above: a word below it, now that it is time."""
    previews.asked(connection, preview.slot, preview.date, now)
    recompose(connection, desk, preview, now)
    desk.record(connection, "preview.asked", preview.key, {"again": True, "due_at": preview.due_at}, now)
    content = threaded(f"{REFERENCE}{preview.key}", render(deskwords.CLOCK_AHEAD).content(notice=True))
    return desk.tell_operations(connection, f"{preview.key}:word:clock", content, now)


def _shown(
    connection: Connection, desk: Desk, slot: str, date: dt.date, heard_by: Sequence[Target], now: int,
    words: str | None,
) -> tuple[str, str]:  # fmt: skip
    """The card's upper part, with the digest of what it stands for."""
    files = desk.content.bulletins
    announcer = announcing.announcer_of(desk, list(heard_by))
    drafts = []
    for target in heard_by:
        one = announcer.slot_of(target, slot, date)
        try:
            composed = announcer.draft(connection, one, now, words, room_title=deskwords.CHANNEL)
        except TemplateFault:
            composed = None
        drafts.append(Draft(target.title, files.slot(slot, target.name).time, composed))
    return card(files.slots[slot].title, date, drafts, subscriptions.number(connection, slot)), digest_of(drafts)


def _text(connection: Connection, desk: Desk, preview: Preview, now: int) -> str:
    verdict, became = approval.of(preview), outcome(connection, desk, preview, now)
    entry = desk.content.bulletins.slots.get(preview.slot)
    lines = _answered(desk, verdict)
    agreed = verdict.agreed
    if agreed is not None and not verdict.skipped and agreed.digest not in ("", preview.digest):
        lines.append(deskwords.CHANGED_SINCE)
    if became.decided:
        lines += became.lines
    if became.pending:
        silence = entry.preview.silence if entry else "send"
        if not verdict.skipped and not verdict.sent:
            lines.append(deskwords.SILENCE[silence])
        lines.append(deskwords.HOW_TO)
    return "\n\n".join([preview.shown, "\n".join(lines)])


def _answered(desk: Desk, verdict: Verdict) -> list[str]:
    """What officers said, as far as it stands."""

    def line(words: str, one: Answer) -> str:
        time = f"{dt.datetime.fromtimestamp(one.at / 1000, desk.config.zone):%H.%M}"
        return words.format(who=escape(short_name(one.by)), time=time, reason=escape(one.words))

    lines = []
    if verdict.worded and not verdict.skipped:
        lines.append(line(deskwords.WORDED, verdict.worded))
    if verdict.skipped:
        lines.append(line(deskwords.SKIPPED, verdict.skipped))
    elif verdict.sent and verdict.sent is not verdict.worded:
        lines.append(line(deskwords.SENT, verdict.sent))
    if verdict.seen and not verdict.skipped:
        lines.append(line(deskwords.SEEN, verdict.seen))
    return lines
