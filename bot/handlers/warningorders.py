"""What officers answer to a warning that waits for them: a typed word decides it, for a tsunami the word of two.

Every channel hears what they send, and nobody what they drop: both ask for an encrypted message from a proven device.
A reaction is the homeserver's word alone, and decides nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import broadcast, calling, confirming, heldcards, seconding, warning, warningwords
from bot.handlers.broadcast import clock
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.proof import prove
from bot.markup import render
from bot.moderation.codes import typed as code_in
from bot.outgoing import REFERENCE, Priority
from bot.store import codes, warnings
from bot.store.codes import Confirmation
from bot.store.warnings import Warning

KIND = "peringatan"


def said(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reply to the card; what is neither yes nor no is talk between officers."""
    word = " ".join(event.body.split()).strip("`.! ").casefold()
    number = heldcards.number_of(about)
    held = warnings.get(connection, number) if number is not None else None
    if held is None:
        return
    if word not in warningwords.SEND | warningwords.DROP:
        if " " not in word and held.state == warnings.HELD:
            _answer(connection, event, desk, warningwords.HOW_TO, now)  # a slip, where haste is
        return
    if officer(connection, desk, event) is None:
        _refuse(connection, event, desk, held, "officer", warningwords.OFFICERS_ONLY, now)
    elif doubt := prove(connection, event, desk, now):
        words = f"{confirming.unproven(desk, event, doubt)} {warningwords.TAIL}"
        _refuse(connection, event, desk, held, "proof", words, now)
    elif not _waits(held, now):
        _answer(connection, event, desk, warningwords.DECIDED_BEFORE, now)
    elif word in warningwords.DROP:
        _drop(connection, event, desk, held, now)
    elif heldcards.for_two(desk, held):
        _ask(connection, event, desk, held, now)
    else:
        warning.send(connection, desk, held, now, by=event.sender)


def marked(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to the card: an officer is told, once, how it is decided."""
    number = heldcards.number_of(about)
    held = warnings.get(connection, number) if number is not None else None
    if held is None or not _waits(held, now) or officer(connection, desk, event) is None:
        return
    content = render(warningwords.HOW_TO).content(notice=True)
    content["m.relates_to"] = {"m.in_reply_to": {"event_id": REFERENCE + heldcards.key(held.id)}}
    desk.tell_operations(connection, f"{heldcards.key(held.id)}:how", content, now)


def confirms(connection: Connection, event: IncomingEvent, now: int) -> bool:
    """Whether a message is the very code that a warning waits for."""
    digits = code_in(event.body) if event.kind is Kind.TEXT else None
    if digits is None:
        return False
    return any(one.code == digits and one.state == codes.OPEN for one in _recent(connection, event, KIND, now))


def typed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """Digits alone in the operations room; false when they may be another order's code."""
    digits = code_in(event.body) or ""
    recent = _recent(connection, event, KIND, now)
    one = next((one for one in recent if one.code == digits), None)
    if one is None:
        waiting = [other for other in recent if other.state == codes.OPEN and other.until_at > now]
        _mistyped(connection, event, desk, digits, waiting, now)
        return False
    held = warnings.get(connection, one.order["warning"])
    if held is None:
        return False
    if fault := seconding.fault(connection, event, desk, one, warningwords.TAIL, now):
        _refuse(connection, event, desk, held, fault.why, fault.words, now)
    elif one.state == codes.DONE:
        _refuse(connection, event, desk, held, "done", warningwords.CODE_DONE, now)
    elif why := _void(connection, desk, one, held, now):
        _refuse(connection, event, desk, held, why, warningwords.CODE_VOID.format(why=_void_words(desk, why)), now)
    elif codes.settle(connection, one, codes.DONE):
        warning.send(connection, desk, held, now, by=one.officer, second=event.sender)
    return True


def changed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An order that is edited or taken back is none any more."""
    one = codes.of_event(connection, event.target, KIND) if event.target is not None else None
    edited = event.kind is Kind.EDIT
    if one is None or (edited and event.sender != one.officer):
        return
    why = "edited" if edited else "withdrawn"
    if codes.settle(connection, one, codes.VOID, void=why):
        desk.record(connection, "warning.code_void", str(one.order["warning"]), {"why": why}, now)
        word = warningwords.VOIDED.format(why=_void_words(desk, why))
    elif one.state == codes.DONE:
        word = warningwords.EDITED_AFTER
    else:
        return
    content = broadcast.reply_to(one.event_id, word)
    desk.tell_operations(connection, f"warning-order:{event.event_id}", content, now, priority=Priority.WARNING)


def _ask(connection: Connection, event: IncomingEvent, desk: Desk, held: Warning, now: int) -> None:
    asked = seconding.ask(connection, event, desk, KIND, {"warning": held.id}, now)
    if asked is None:
        return
    code, until = asked
    desk.record(connection, "warning.code_asked", str(held.id), {"officer": event.sender}, now)
    rooms = broadcast.channels(connection, desk, silent=heldcards.silent(desk))
    word = warningwords.CODE.format(code=code, until=clock(desk, until), rooms=len(rooms))
    _answer(connection, event, desk, word, now)


def _drop(connection: Connection, event: IncomingEvent, desk: Desk, held: Warning, now: int) -> None:
    if warnings.settle(connection, held.id, warnings.UNSAID, by=event.sender):
        payload = {"officer": event.sender, "trust": event.trust}
        desk.record(connection, "warning.dropped", str(held.id), payload, now)
        heldcards.settle(connection, desk, held, "dropped", now, by=event.sender)


def _mistyped(
    connection: Connection, event: IncomingEvent, desk: Desk, digits: str, waiting: list[Confirmation], now: int
) -> None:
    """Wrong, if it has a code's length and is no broadcast's either."""
    others = any(one.code == digits for one in _recent(connection, event, calling.KIND, now))
    if not waiting or others or len(digits) != desk.content.moderation.codes.digits:
        return
    held = warnings.get(connection, waiting[0].order["warning"])
    if held is None:
        return
    if fault := seconding.fault(connection, event, desk, None, warningwords.TAIL, now):
        _refuse(connection, event, desk, held, fault.why, fault.words, now)
    elif left := seconding.mistyped(connection, desk, waiting):
        _refuse(connection, event, desk, held, "wrong", warningwords.CODE_WRONG.format(left=left), now)
    else:
        word = warningwords.VOIDED.format(why=_void_words(desk, "tries"))
        _refuse(connection, event, desk, held, "tries", word, now)


def _void(connection: Connection, desk: Desk, one: Confirmation, held: Warning, now: int) -> str | None:
    """Why a code counts no longer."""
    if one.state == codes.VOID:
        return str(one.order.get("void"))
    why = None
    if not _waits(held, now):
        why = "decided"
    elif one.until_at <= now:
        why = "late"
    elif desk.content.rooms.officer(one.officer, desk.config.homeserver.server_name) is None:
        why = "officer"
    if why is not None:
        codes.settle(connection, one, codes.VOID, void=why)
    return why


def _recent(connection: Connection, event: IncomingEvent, kind: str, now: int) -> list[Confirmation]:
    return codes.asked(connection, event.room_id, now - seconding.REMEMBERED_MS, kind)


def _waits(held: Warning, now: int) -> bool:
    return held.state == warnings.HELD and (held.expires_at is None or held.expires_at > now)


def _void_words(desk: Desk, why: str) -> str:
    rules = desk.content.moderation.codes
    return warningwords.VOID[why].format(minutes=rules.minutes, tries=rules.tries)


def _refuse(
    connection: Connection, event: IncomingEvent, desk: Desk, held: Warning, why: str, word: str, now: int
) -> None:
    payload = {"why": why, "who": event.sender, "trust": event.trust}
    desk.record(connection, "warning.refused", str(held.id), payload, now)
    _answer(connection, event, desk, word, now)


def _answer(connection: Connection, event: IncomingEvent, desk: Desk, word: str, now: int) -> None:
    desk.say(connection, event, f"reply:{event.event_id}", word, now, priority=Priority.WARNING)
