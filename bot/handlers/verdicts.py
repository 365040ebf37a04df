"""What officers answer to the card of a coming bulletin: reactions, replies, their edits and redactions.

A reaction is the homeserver's word alone: ✅ is enough for what silence would do anyway. What skips a bulletin must be
an encrypted message of a known device, what is said instead one of a proven officer. What comes too late is told so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bot.bulletins import approval, deskwords
from bot.bulletins.verdict import Answer, Doubt, Kind, Said, added, read, sign, without
from bot.event import IncomingEvent, Trust
from bot.event import Kind as EventKind
from bot.handlers import previewing
from bot.handlers.confirming import unproven
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.proof import Doubt as Unproven
from bot.handlers.proof import prove
from bot.handlers.replies import threaded
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import Outgoing
from bot.store import changes, notices, outbox, previews
from bot.store.previews import Preview

_DONE = "👌"
_TAKEN = {
    Kind.WORDS: deskwords.TAKEN_WORDS,
    Kind.SKIP: deskwords.TAKEN_SKIP,
    Kind.SEND: deskwords.TAKEN_SEND,
}
_BACK = dt.timedelta(days=2)
"""So far back an answer is looked for that is edited or taken back: its slot is long over."""


def reacted(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to the card."""
    preview, kind = _preview(connection, about), sign(event.body)
    if preview is None or kind is None or about != preview.key or _given(preview, event.event_id):
        return
    if officer(connection, desk, event) is None:
        _refuse(connection, event, desk, preview, now)
        return
    if _over(connection, event, desk, preview, now):
        return
    verdict = approval.of(preview)
    entry = desk.content.bulletins.slots.get(preview.slot)
    if kind is Kind.SEEN and verdict.skipped:
        word = deskwords.STILL_SKIPPED.format(
            who=escape(short_name(verdict.skipped.by)), reason=escape(verdict.skipped.words)
        )
        _once(connection, event, desk, preview, word, "still", now)
        return
    if kind is Kind.SEEN and entry and verdict.silent(entry.preview.silence):
        _once(connection, event, desk, preview, deskwords.NOT_ENOUGH, "not_enough", now)
        return
    _take(connection, event, desk, preview, event.event_id, Said(kind), now)


def said(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reply to the card, or a message in its thread."""
    preview = _preview(connection, about)
    if preview is not None and not _given(preview, event.event_id):
        _say(connection, event, desk, preview, event.event_id, event.body, now)


def edited(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A message of the operations room was edited: maybe an answer, or one that was none and is one now."""
    about = changes.original(connection, event)
    if about is None or about.sender != event.sender or about.kind is not EventKind.TEXT:
        return
    preview, current = _answered_to(connection, about), changes.latest(connection, about)
    last = changes.last_edit(connection, about)
    if preview is None or current is None or last is None or last.event_id != event.event_id:
        return
    _say(connection, event, desk, preview, about.event_id, current.body, now)


def withdrawn(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Something in the operations room was taken back: maybe an answer, or its edit."""
    about = changes.original(connection, event)
    if about is None:
        return
    source = changes.original(connection, about) if about.kind is EventKind.EDIT else about
    if source is None:
        return
    day = (previewing.local(desk, now) - _BACK).date().isoformat()
    found = [one for one in previews.since(connection, day) if _given(one, source.event_id)]
    if not found:
        return
    preview = found[0]
    if _over(connection, event, desk, preview, now):
        return
    current = changes.latest(connection, source) if about.kind is EventKind.EDIT else None
    before = _answers(preview)
    if current is None:
        answers: Sequence[Answer] = without(before, source.event_id)
    else:
        again = read(current.body, without(before, source.event_id))
        if isinstance(again, Said):
            answers = added(before, Answer(source.event_id, again.kind, source.sender, now, again.words))
        else:
            answers = without(before, source.event_id)
    _keep(connection, event, desk, preview, answers, now)
    desk.record(connection, "preview.taken_back", event.event_id, {"preview": preview.key, "by": event.sender}, now)
    if source.kind is not EventKind.REACTION:
        _answer(connection, event, desk, preview, deskwords.TAKEN_BACK, now)


def _say(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, source: str, text: str, now: int
) -> None:
    """What a reply says now; `event` is the message itself or its edit, `source` the message."""
    others = without(_answers(preview), source)
    what = read(text, others) if event.kind in (EventKind.TEXT, EventKind.EDIT) else Doubt.KIND
    if what is None and not _given(preview, source):
        return  # between officers
    if officer(connection, desk, event) is None:
        _refuse(connection, event, desk, preview, now)
        return
    agrees = isinstance(what, Said) and what.kind is Kind.SEND and not approval.of(preview).skipped
    entry = desk.content.bulletins.slots.get(preview.slot)
    anyway = agrees and not approval.of(preview).silent(entry.preview.silence if entry else "send")
    if not anyway and not (event.encrypted_room and event.trust is Trust.DEVICE):
        _refuse(connection, event, desk, preview, now)
        return
    if _over(connection, event, desk, preview, now):
        return
    if isinstance(what, Said):
        # Other words go into every channel as ours: like an order there, they must surely come from this officer.
        doubt = prove(connection, event, desk, now) if what.kind is Kind.WORDS else None
        if doubt is not None:
            _doubted(connection, event, desk, preview, doubt, now)
        else:
            _take(connection, event, desk, preview, source, what, now)
        return
    if _given(preview, source):  # edited into what is no answer
        _keep(connection, event, desk, preview, others, now)
        payload = {"preview": preview.key, "by": event.sender}
        desk.record(connection, "preview.taken_back", event.event_id, payload, now)
    word = deskwords.DOUBT[what] if what is not None else deskwords.TAKEN_BACK
    _answer(connection, event, desk, preview, word, now)


def _take(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, source: str, what: Said, now: int
) -> None:
    """An answer that counts."""
    before = _answers(preview)
    new = Answer(source, what.kind, event.sender, now, what.words, preview.digest)
    if any(replace(one, at=now, digest=new.digest) == new for one in before):
        return  # the same once more: an edit that was read with its message
    _keep(connection, event, desk, preview, added(before, new), now)
    payload = {"preview": preview.key, "officer": event.sender, "answer": str(what.kind), "words": what.words}
    payload["digest"] = preview.digest
    desk.record(connection, "preview.answered", event.event_id, payload | {"trust": event.trust}, now)
    if what.kind is Kind.SEEN:
        return
    if what.kind is Kind.STOP:
        entry = desk.content.bulletins.slots.get(preview.slot)
        silent = entry is not None and approval.of(preview).silent(entry.preview.silence)
        _answer(connection, event, desk, preview, deskwords.ASK_WHY_SILENT if silent else deskwords.ASK_WHY, now)
        return
    relation = {"rel_type": "m.annotation", "event_id": source, "key": _DONE}
    mark = Outgoing(f"done:{source}", event.room_id, {"m.relates_to": relation}, type="m.reaction")
    outbox.append(connection, mark, now)
    word = _TAKEN[what.kind]
    if earlier := previewing.outcome(connection, desk, preview, now).decided:
        word += "\n\n" + deskwords.PARTLY.format(number=earlier)
    _answer(connection, event, desk, preview, word, now)


def _keep(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, answers: Sequence[Answer], now: int
) -> None:
    """These are the answers now, and the card shows what they come to."""
    worded = approval.of(preview).words
    previews.answered(connection, preview.slot, preview.date, [one.to_json() for one in answers])
    current = previews.get(connection, preview.slot, preview.date)
    assert current is not None  # noqa: S101 - its answers have just been written
    if approval.of(current).words != worded:
        previewing.recompose(connection, desk, current, now)
    else:
        previewing.refresh(connection, desk, current, now)


def _over(connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, now: int) -> bool:
    """Whether nothing is left to decide; whoever answers is told what became of it."""
    became = previewing.outcome(connection, desk, preview, now)
    if became.pending and (became.decided or now < preview.due_at + desk.config.bulletins.grace_minutes * 60_000):
        return False
    done = "; ".join(became.lines) or deskwords.DONE_NOTHING
    out = bool(became.sent or became.waiting)
    word = deskwords.OVER_SENT if out else deskwords.OVER_SKIPPED
    _once(connection, event, desk, preview, word.format(outcome=done, slot=preview.slot), "over", now)
    return True


def _refuse(connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, now: int) -> None:
    """No officer, or a device that proves nothing: nothing is done, and they hear so."""
    payload = {"preview": preview.key, "sender": event.sender, "trust": event.trust}
    desk.record(connection, "preview.refused", event.event_id, payload, now)
    listed = desk.content.rooms.officer(event.sender, desk.config.homeserver.server_name) is not None
    word = deskwords.NOT_PROVEN if listed and event.kind is not EventKind.REACTION else deskwords.NOT_AN_OFFICER
    _once(connection, event, desk, preview, word, "refused", now)


def _doubted(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, doubt: Unproven, now: int
) -> None:
    payload = {"preview": preview.key, "sender": event.sender, "trust": event.trust, "why": str(doubt)}
    desk.record(connection, "preview.refused", event.event_id, payload, now)
    _answer(connection, event, desk, preview, f"{unproven(desk, event, doubt)} {deskwords.NOT_CHANGED}", now)


def _once(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, word: str, what: str, now: int
) -> None:
    """What is typed is always answered, a reaction or redaction in vain once."""
    typed = event.kind not in (EventKind.REACTION, EventKind.REDACTION)
    if typed or notices.first_time(connection, event.sender, f"{preview.key}:{what}", now):
        _answer(connection, event, desk, preview, word, now)


def _answer(
    connection: Connection, event: IncomingEvent, desk: Desk, preview: Preview, markdown: str, now: int
) -> None:
    """In the card's thread, under the message that it answers."""
    content = threaded(f"outbox:{preview.key}", render(markdown).content(notice=True))
    if event.kind not in (EventKind.REACTION, EventKind.REDACTION):
        answered = event.target if event.kind is EventKind.EDIT else event.event_id
        content["m.relates_to"] |= {"is_falling_back": False, "m.in_reply_to": {"event_id": answered}}
    desk.tell_operations(connection, f"{preview.key}:word:{event.event_id}", content, now)


def _preview(connection: Connection, about: str | None) -> Preview | None:
    key = previews.of_key(about)
    return previews.get(connection, *key) if key else None


def _answered_to(connection: Connection, about: IncomingEvent) -> Preview | None:
    """The preview that a message of the operations room stands below."""
    for event_id in (about.thread_root, about.reply_to):
        found = _preview(connection, outbox.key_of(connection, event_id)) if event_id is not None else None
        if found is not None:
            return found
    return None


def _answers(preview: Preview) -> tuple[Answer, ...]:
    return tuple(Answer.from_json(one) for one in preview.answers)


def _given(preview: Preview, event_id: str) -> bool:
    return any(one.event_id == event_id for one in _answers(preview))
