"""Chat Pak Polisi: a question in, one answer out, with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bot import metrics
from bot.dialogue.conversation import Conversation
from bot.dialogue.decision import Decision, Outcome
from bot.event import IncomingEvent
from bot.handlers import addressing, alarms, patience, phrases, takeup, tickets
from bot.handlers.desk import Desk
from bot.handlers.replies import shared_place
from bot.incidents.excerpts import doubts
from bot.markup import escape, render
from bot.outgoing import Outgoing
from bot.store import amendments, conversations, copies, outbox, transmissions
from bot.store import tickets as store
from bot.store.tickets import Ticket
from bot.voice.heard import QUIET

LATE_MS = 10 * 60 * 1000
"""A question read this long after it was asked gets a word of apology with its answer."""
_ONLY_ASKED = {Outcome.ANSWER, Outcome.ASK}
"""What the bot still says by itself while a ticket waits for its first officer."""


def answer(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    now: int,
    *,
    heard: str | None = None,
    thread: bool = False,
    alone: bool = False,
    may_report: bool = False,
    audio: str | None = None,
    flags: Sequence[str] = (),
) -> None:
    """Decide and queue the reply. `heard` is what speech recognition made of a spoken question, `audio` its file and
    `flags` its doubts.

    `may_report`: said in a channel; what reports something is taken up, and answered as that, and beside that as the
    question which it may hold as well.

    `alone`: the event cannot be replied to (a reaction); the answer is a message of its own.
    """
    ticket = store.current(connection, event.room_id, event.sender) if event.direct else None
    text = event.body if heard is None else heard
    state = _state(connection, event)
    private = event.direct and (ticket is None or ticket.incident_id is None)
    local = event.when.astimezone(desk.config.zone)  # "besok" is the day after today here
    decision = desk.engine.step(state, text, local, private=private)
    metrics.decisions.labels(decision.outcome).inc()
    taken_up = False
    if may_report:
        analysis = takeup.analyse(connection, event, desk, text, spoken=False)
        parts_of_it = addressing.parts(analysis, decision, event.when, asks=desk.engine.asks(text))
        taken_up = parts_of_it.report and takeup.take_text(connection, event, desk, now)
        if taken_up and not parts_of_it.question:
            return
    if not patience.in_danger(state) and patience.pauses_for(connection, event, desk, now, thread=thread):
        asks = replace(event, body=text)
        if not patience.gets_through(connection, asks, desk, decision, now) or _still_open(ticket, decision):
            _keep_silent(connection, event, desk, ticket, decision, text, now, audio=audio, flags=flags)
            return
    if ticket is not None and not _speaks(ticket, decision):
        _relay(connection, event, desk, ticket, decision, text, now, audio=audio, flags=flags)
        return
    if decision.report is not None and QUIET.intersection(flags):
        # A yes that perhaps nobody said tells officers nothing: it is asked for again, and the talk stays where it is.
        desk.record(connection, "speech.doubtful", event.event_id, {"text": text, "flags": list(flags)}, now)
        again = f"{_heard(text, flags)}\n\n{phrases.NOTHING_HEARD}"
        desk.say(connection, event, f"reply:{event.event_id}", again, now, thread=thread)
        return
    conversations.save(connection, event.room_id, event.sender, decision.state.to_json(), now)
    parts = [decision.reply]
    if ticket is not None:
        tickets.from_citizen(connection, event, desk, ticket, text, now, audio=audio, flags=flags)
    if decision.report is not None:
        incident = alarms.report(connection, event, desk, decision.report, now)
        if ticket is None:
            words = decision.report.words
            parts.append(
                tickets.hand_off(
                    connection, event, desk, words, "emergency", now, incident=incident, audio=audio, flags=flags
                )
            )
    elif decision.outcome is Outcome.HANDOFF:
        reason = "stuck" if decision.reason == "stuck" else "asked"
        parts.append(tickets.hand_off(connection, event, desk, text, reason, now, audio=audio, flags=flags))
    if heard is not None:
        parts.insert(0, _heard(heard, flags))
    if now - event.sent_at > LATE_MS:
        parts.insert(0, phrases.LATE_ANSWER)
    reply = "\n\n".join(parts)
    key = f"reply:{event.event_id}"
    if taken_up:  # that has its own answer, under that key
        key = f"answer:{event.event_id}"
        _belongs_to_report(connection, event, key, now)
    _record(connection, event, desk, decision, text, reply, now, private=private)
    if alone:
        outbox.append(connection, Outgoing(key, event.room_id, render(reply).content()), now)
    else:
        desk.say(connection, event, key, reply, now, thread=thread)


def _belongs_to_report(connection: Connection, event: IncomingEvent, key: str, now: int) -> None:
    """An answer beside that to a report goes with it, when it is taken back."""
    row = transmissions.by_event(connection, event.event_id)
    number = amendments.of_transmission(connection, row.id) if row is not None else None
    if number is not None:
        copies.add(connection, key, number, source=event.event_id, kind=copies.TO_REPORTER, now=now)


def _heard(text: str, flags: Sequence[str]) -> str:
    """What we heard, with what is doubtful about it, before the answer to it."""
    why = doubts([flag for flag in flags if flag != transmissions.LATE])  # that has a word of its own
    return "> " + phrases.HEARD_QUESTION.format(text=escape(text)) + (f"\n>\n> ⚠️ _{why}_" if why else "")


def _still_open(ticket: Ticket | None, decision: Decision) -> bool:
    """Who asks for a person again, while one reads along, needs no answer."""
    return ticket is not None and decision.outcome is Outcome.HANDOFF


def _keep_silent(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    ticket: Ticket | None,
    decision: Decision,
    text: str,
    now: int,
    *,
    audio: str | None,
    flags: Sequence[str],
) -> None:
    """A pause: what is for an officer still goes there; where the talk stands does not change."""
    if ticket is not None:
        tickets.from_citizen(connection, event, desk, ticket, text, now, audio=audio, flags=flags)
    payload = {"text": text, "outcome": decision.outcome, "intent": decision.intent}
    desk.record(connection, "chat.silent", event.event_id, payload, now)


def unheard(
    connection: Connection, event: IncomingEvent, desk: Desk, now: int, *, audio: str | None = None, reason: str = ""
) -> bool:
    """A voice message of a DM in which no words were found goes to the officer of an open ticket; whether it did."""
    ticket = store.current(connection, event.room_id, event.sender) if event.direct else None
    if ticket is None:
        return False
    tickets.sound_from_citizen(connection, event, desk, ticket, now, audio=audio, reason=reason)
    return True


def attached(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A photo or file in a DM: neither kept nor passed on, and both sides of an open ticket are told so."""
    ticket = store.current(connection, event.room_id, event.sender)
    desk.record(connection, "attachment.refused", event.event_id, {"kind": event.kind}, now)
    text = phrases.CANNOT_READ_KIND
    if ticket is not None:
        tickets.file_from_citizen(connection, event, desk, ticket, now)
        text = phrases.TICKET_FILE_REFUSED
    if not patience.pauses_for(connection, event, desk, now):
        desk.say(connection, event, f"reply:{event.event_id}", text, now)


def located(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """A location shared in a DM: part of an emergency, or for the officer who reads along."""
    place = shared_place(event)
    if place is None:
        desk.record(connection, "attachment.refused", event.event_id, {"kind": event.kind}, now)
        desk.say(connection, event, f"reply:{event.event_id}", phrases.CANNOT_READ_KIND, now)
        return
    ticket = store.current(connection, event.room_id, event.sender)
    if ticket is not None:
        tickets.from_citizen(connection, event, desk, ticket, "", now)
        return
    decision = desk.engine.located(_state(connection, event), place, event.when)
    metrics.decisions.labels(decision.outcome).inc()
    conversations.save(connection, event.room_id, event.sender, decision.state.to_json(), now)
    _record(connection, event, desk, decision, "", decision.reply, now, located=True)
    desk.say(connection, event, f"reply:{event.event_id}", decision.reply, now)


def chosen(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to what the bot asked last: a keycap is that number, 👍 and 👎 are yes and no."""
    state = _state(connection, event)
    if state is None or about is None or outbox.last_reply(connection, event.room_id) != about:
        return
    sign = event.body
    if state.alarm is None:
        if not state.offers or not sign.endswith("\u20e3"):
            return
        sign = sign.removesuffix("\u20e3").removesuffix("\ufe0f")
        if not (sign.isdecimal() and 1 <= int(sign) <= len(state.offers)):
            return
    elif not sign.startswith(("👍", "👎")):
        return
    answer(connection, replace(event, body=sign), desk, now, alone=True)


def _speaks(ticket: Ticket, decision: Decision) -> bool:
    """Beside an open ticket the bot still warns of danger, and answers what it surely can until an officer does."""
    if decision.outcome is Outcome.EMERGENCY:
        return True
    return ticket.taken_at is None and decision.outcome in _ONLY_ASKED


def _relay(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    ticket: Ticket,
    decision: Decision,
    text: str,
    now: int,
    *,
    audio: str | None,
    flags: Sequence[str],
) -> None:
    if decision.reason == "command_cancel":
        reply = tickets.cancelled(connection, event, desk, ticket, now)
        desk.say(connection, event, f"reply:{event.event_id}", reply, now)
        return
    tickets.from_citizen(connection, event, desk, ticket, text, now, audio=audio, flags=flags)
    if decision.outcome is Outcome.HANDOFF:
        reply = phrases.TICKET_STILL_OPEN.format(number=ticket.id)
        desk.say(connection, event, f"reply:{event.event_id}", reply, now)


def _state(connection: Connection, event: IncomingEvent) -> Conversation | None:
    stored = conversations.load(connection, event.room_id, event.sender)
    return Conversation.from_json(stored) if stored else None


def _record(
    connection: Connection,
    event: IncomingEvent,
    desk: Desk,
    decision: Decision,
    text: str,
    reply: str,
    now: int,
    *,
    private: bool = True,
    located: bool = False,
) -> None:
    """Why it was said, and all that is needed to decide again on other flows (`bot.store.turns`)."""
    again: dict[str, object] = {}
    if reply != decision.reply:
        again["decided"] = decision.reply
    if not private:
        again["private"] = False
    if located:
        again["located"] = True
    desk.record(
        connection,
        f"dialogue.{decision.outcome}",
        event.event_id,
        {
            "text": text,
            "trust": event.trust,
            "intent": decision.intent,
            "score": decision.score,
            "candidates": list(decision.candidates),
            "reason": decision.reason,
            "explanation": decision.explanation,
            "sources": list(decision.sources),
            "reply": reply,
            **again,
        },
        now,
    )
