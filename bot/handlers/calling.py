"""`!siaran`: an officer warns every channel. One orders, another confirms by the code that is shown."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from bot.bulletins import calls
from bot.bulletins.alerting import Calls
from bot.bulletins.calls import Call, Verb
from bot.event import IncomingEvent, Kind
from bot.handlers import broadcast, callwords, confirming, seconding
from bot.handlers.broadcast import clock
from bot.handlers.desk import Desk
from bot.handlers.officers import by_officer, officer
from bot.handlers.proof import prove
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.moderation.codes import typed as code_in
from bot.outgoing import Priority
from bot.store import codes, roomstate, warnings
from bot.store.codes import Confirmation
from bot.store.warnings import Warning

KIND = "siaran"
_MINUTE, _HOUR = 60_000, 3_600_000


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Ask about what nobody ended, and end it when its time is over; returns how many were ended. A duty."""
    ended = 0
    for one in warnings.going(connection):
        if one.source != warnings.OFFICER or one.expires_at is None:
            continue
        if one.expires_at <= now:
            _over(connection, desk, one, now)
            ended += 1
        elif now - one.at >= (one.expires_at - one.at) // 2:
            word = callwords.STILL_GOING.format(
                number=one.root, time=clock(desk, one.at), until=clock(desk, one.expires_at)
            )
            content = render(word).content()
            desk.tell_operations(connection, f"call-asked:{one.id}", content, now, priority=Priority.WARNING)
    return ended


def _over(connection: Connection, desk: Desk, one: Warning, now: int) -> None:
    """Nobody ended it. It says so where it stands; no phone rings for that."""
    heard = warnings.heard(connection, one.root, before=0)
    broadcast.outdate(connection, desk, replace(one, kind="cancel"), heard, now)
    warnings.close(connection, one.root)
    desk.record(connection, "call.expired", str(one.id), {"number": one.root}, now)
    word = callwords.OVER_BY_ITSELF.format(number=one.root, time=clock(desk, one.at), hours=_rules(desk).hours)
    desk.tell_operations(connection, f"call-over:{one.id}", render(word).content(), now, priority=Priority.WARNING)


def ordered(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An order: shown with its code, or refused with the reason."""
    call = calls.read(event.body)
    if call is None:
        return
    if event.room_id != desk.operations_room(connection):
        if not event.direct and not by_officer(desk, event):
            return  # whoever plays with it in a channel makes no noise there
        _refuse(connection, event, desk, "room", callwords.OPERATIONS_ONLY, now)
    elif officer(connection, desk, event) is None:
        _refuse(connection, event, desk, "officer", callwords.OFFICERS_ONLY, now)
    elif call.verb is Verb.HELP:
        unknown = callwords.UNKNOWN.format(word=escape(call.unknown)) if call.unknown else ""
        _answer(connection, event, desk, callwords.HELP.format(unknown=unknown) + _going(connection), now)
    elif doubt := prove(connection, event, desk, now):
        _refuse(connection, event, desk, "proof", f"{confirming.unproven(desk, event, doubt)} {callwords.TAIL}", now)
    elif word := _fault(connection, desk, call):
        _refuse(connection, event, desk, "order", word, now)
    else:
        _ask(connection, event, desk, call, now)


def confirms(connection: Connection, event: IncomingEvent, now: int) -> bool:
    """Whether a message is the very code that a broadcast waits for."""
    digits = code_in(event.body) if event.kind is Kind.TEXT else None
    if digits is None:
        return False
    recent = codes.asked(connection, event.room_id, now - seconding.REMEMBERED_MS, KIND)
    return any(one.code == digits and one.state == codes.OPEN for one in recent)


def typed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """Digits alone in the operations room: a code, if an order waits for one."""
    typed_code = code_in(event.body)
    recent = codes.asked(connection, event.room_id, now - seconding.REMEMBERED_MS, KIND)
    one = next((one for one in recent if one.code == typed_code), None)
    waiting = [other for other in recent if other.state == codes.OPEN and other.until_at > now]
    if one is None and not (waiting and len(typed_code or "") == desk.content.moderation.codes.digits):
        return  # a number somebody wrote
    if fault := seconding.fault(connection, event, desk, one, callwords.TAIL, now):
        _refuse(connection, event, desk, fault.why, fault.words, now)
    elif one is None:
        _wrong(connection, event, desk, waiting, now)
    elif one.state == codes.DONE:
        _refuse(connection, event, desk, "done", callwords.CODE_DONE, now)
    elif why := _void(connection, desk, one, now):
        _refuse(connection, event, desk, why, callwords.CODE_VOID.format(why=_words_of(desk, why)), now)
    elif codes.settle(connection, one, codes.DONE):
        _send(connection, event, desk, one, now)


def changed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> None:
    """An order that is edited or taken back is none any more: what was shown is not what is meant."""
    one = codes.of_event(connection, event.target, KIND) if event.target is not None else None
    edited = event.kind is Kind.EDIT
    if one is None or (edited and event.sender != one.officer):
        return
    why = "edited" if edited else "withdrawn"
    if codes.settle(connection, one, codes.VOID, void=why):
        desk.record(connection, "call.void", one.event_id, {"why": why}, now)
        word = callwords.VOIDED.format(why=_words_of(desk, why))
        _post(connection, desk, f"call:{one.event_id}:void", one.event_id, word, now)
    elif one.state == codes.DONE and edited:
        sent = warnings.of_order(connection, one.event_id)
        if sent is not None:
            word = callwords.EDITED_AFTER.format(number=sent.root)
            _post(connection, desk, f"call:{event.event_id}", one.event_id, word, now)


def _ask(connection: Connection, event: IncomingEvent, desk: Desk, call: Call, now: int) -> None:
    first = _first(connection, call)
    drill = call.verb is Verb.DRILL or (first is not None and first.drill)
    rooms = broadcast.channels(connection, desk)
    if call.verb is Verb.END and first is not None:
        rooms = _reached(connection, first, rooms)
        words = (callwords.ENDED_DRILL if drill else callwords.ENDED).format(time=clock(desk, first.at))
    else:
        words = _framed(desk, call.text, now, drill=drill)
    order = {
        "verb": str(call.verb), "words": words, "drill": drill, "first": first.id if first is not None else None,
    }  # fmt: skip
    asked = seconding.ask(connection, event, desk, KIND, order, now)
    if asked is None:
        return
    code, until = asked
    said = _said(desk, words, first, call.verb)
    head = callwords.PREVIEW[call.verb].format(number=first.id if first is not None else "")
    text = callwords.SHOWN.format(
        head=head, rooms=len(rooms), members=_members(connection, desk, rooms), code=code, until=clock(desk, until),
        words="\n".join(f"> {line}".rstrip() for line in said.splitlines()),
        ping=callwords.PING if _pings(desk, drill=drill) and call.verb is not Verb.END else "",
    )  # fmt: skip
    if desk.is_late(event, now):
        text += callwords.LATE.format(time=clock(desk, event.sent_at))
    payload = {"officer": event.sender, "verb": str(call.verb), "rooms": len(rooms), "first": order["first"]}
    desk.record(connection, "call.asked", event.event_id, payload, now)
    _answer(connection, event, desk, text, now)


def _send(connection: Connection, event: IncomingEvent, desk: Desk, one: Confirmation, now: int) -> None:
    order = one.order
    verb = Verb(order["verb"])
    first = warnings.get(connection, order["first"]) if order["first"] is not None else None
    kind = "cancel" if verb is Verb.END else "alert" if first is None else "update"
    rules = _rules(desk)
    number = warnings.add(
        connection, warnings.OFFICER, one.event_id, at=now, kind=kind, drill=int(order["drill"]), state=warnings.SENT,
        words=order["words"], first_id=order["first"], by=one.officer, second=event.sender,
        expires_at=None if verb is Verb.END else now + rules.hours * _HOUR,
    )  # fmt: skip
    warning = warnings.get(connection, number) if number is not None else None
    if warning is None:
        return
    rooms = broadcast.channels(connection, desk)
    if verb is Verb.END and first is not None:
        rooms = _reached(connection, first, rooms, but=warning.id)
    members = _members(connection, desk, rooms)
    names = {"by": _name(one.officer), "second": _name(event.sender)}
    beside = (callwords.ENDED_BY if verb is Verb.END else callwords.SENT).format(
        number=warning.root, rooms=len(rooms), members=members, **names
    )
    words = _said(desk, order["words"], first, verb)
    ping = _pings(desk, drill=warning.drill) and verb is not Verb.END
    until = now + rules.send_minutes * _MINUTE
    broadcast.say(connection, desk, warning, words, rooms, now, ping=ping, beside=beside, until=until)
    if verb is Verb.END:
        warnings.close(connection, warning.root)
    elif first is not None:
        warnings.supersede(connection, warning)
    payload = {
        "number": warning.root, "order": one.event_id, "officer": one.officer, "second": event.sender,
        "kind": kind, "drill": warning.drill, "rooms": len(rooms), "members": members,
    }  # fmt: skip
    desk.record(connection, "call.ended" if verb is Verb.END else "call.sent", str(warning.id), payload, now)


def _fault(connection: Connection, desk: Desk, call: Call) -> str | None:
    if call.verb in (Verb.CORRECTION, Verb.END):
        if call.number is None:
            return callwords.NO_NUMBER.format(verb=call.verb, going=_going(connection))
        found = warnings.get(connection, call.number)
        if found is None or found.source != warnings.OFFICER:
            return callwords.NO_SUCH.format(number=call.number, going=_going(connection))
        if not _in_force(connection, found.root):
            return callwords.OVER_ALREADY.format(number=found.root)
    if call.verb is not Verb.END and not call.text:
        return callwords.NO_TEXT.format(verb=call.verb, example=callwords.EXAMPLES[call.verb])
    if len(call.text) > calls.LONGEST:
        return callwords.TOO_LONG.format(length=len(call.text), most=calls.LONGEST)
    return callwords.NO_ROOMS if not broadcast.channels(connection, desk) else None


def _void(connection: Connection, desk: Desk, one: Confirmation, now: int) -> str | None:
    """Why an order can't be confirmed any more."""
    if one.state == codes.VOID:
        return str(one.order.get("void"))
    why = None
    if one.until_at <= now:
        why = "late"
    elif desk.content.rooms.officer(one.officer, desk.config.homeserver.server_name) is None:
        why = "officer"
    elif one.order["first"] is not None and not _in_force(connection, one.order["first"]):
        why = "over"
    if why is not None:
        codes.settle(connection, one, codes.VOID, void=why)
    return why


def _wrong(connection: Connection, event: IncomingEvent, desk: Desk, waiting: list[Confirmation], now: int) -> None:
    left = seconding.mistyped(connection, desk, waiting)
    if left > 0:
        _refuse(connection, event, desk, "wrong", callwords.CODE_WRONG.format(left=left), now)
    else:
        _refuse(connection, event, desk, "tries", callwords.VOIDED.format(why=_words_of(desk, "tries")), now)


def _rules(desk: Desk) -> Calls:
    alerting = desk.content.alerting
    return alerting.calls if alerting is not None else Calls()


def _reached(connection: Connection, first: Warning, rooms: list[str], *, but: int = 0) -> list[str]:
    """Of these rooms those that heard it, or may just hear it: nobody else needs to know that it is over.

    `but`: the number of the end itself.
    """
    heard = broadcast.firsts(connection, warnings.heard(connection, first.root, before=but))
    return [room_id for room_id in rooms if room_id in heard]


def _first(connection: Connection, call: Call) -> Warning | None:
    found = warnings.get(connection, call.number) if call.number is not None else None
    return warnings.get(connection, found.root) if found is not None else None


def _in_force(connection: Connection, root: int) -> bool:
    return any(one.state == warnings.SENT for one in warnings.chain(connection, root))


def _framed(desk: Desk, text: str, now: int, *, drill: bool) -> str:
    """The officer's words as they were typed, line by line, between ours. They mention nobody: not even "@room"."""
    lines = [escape(line).replace("@", "@\u2060") for line in text.splitlines()]
    frame = callwords.DRILL if drill else callwords.EMERGENCY
    caller = escape(desk.content.rooms.controller or callwords.CALLER)
    return frame.format(
        caller=caller, time=clock(desk, now), text="\n".join(lines), emergency=desk.content.bulletins.emergency
    )


def _said(desk: Desk, words: str, first: Warning | None, verb: Verb) -> str:
    if first is None or verb is Verb.END:
        return words
    frame = callwords.CORRECTION_DRILL if first.drill else callwords.CORRECTION
    return frame.format(time=clock(desk, first.at), words=words)


def _pings(desk: Desk, *, drill: bool) -> bool:
    alerting = desk.content.alerting
    return alerting is not None and alerting.mention_room and not drill


def _members(connection: Connection, desk: Desk, rooms: list[str]) -> int:
    """People in these rooms, each once, without us."""
    return len({user for room in rooms for user in roomstate.joined(connection, room)} - {desk.me})


def _going(connection: Connection) -> str:
    going = {one.root for one in warnings.going(connection) if one.source == warnings.OFFICER}
    return callwords.GOING.format(numbers=", ".join(f"#{number}" for number in sorted(going))) if going else ""


def _words_of(desk: Desk, why: str) -> str:
    rules = desk.content.moderation.codes
    return callwords.VOID[why].format(minutes=rules.minutes, tries=rules.tries)


def _name(user: str) -> str:
    return escape(short_name(user))


def _refuse(connection: Connection, event: IncomingEvent, desk: Desk, why: str, word: str, now: int) -> None:
    payload = {"why": why, "who": event.sender, "trust": event.trust}
    desk.record(connection, "call.refused", event.event_id, payload, now)
    _answer(connection, event, desk, word, now)


def _answer(connection: Connection, event: IncomingEvent, desk: Desk, word: str, now: int) -> None:
    desk.say(connection, event, f"reply:{event.event_id}", word, now, priority=Priority.WARNING)


def _post(connection: Connection, desk: Desk, key: str, about: str, word: str, now: int) -> None:
    content = broadcast.reply_to(about, word)
    desk.tell_operations(connection, key, content, now, priority=Priority.WARNING)
