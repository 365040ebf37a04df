"""Sources' warnings between the bulletins: said, held for an officer, or left. One row each, so each is said once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.bulletins import asked, reading
from bot.bulletins.announce import readings
from bot.bulletins.facts import Facts
from bot.bulletins.origins import Sources
from bot.bulletins.reading import Had
from bot.bulletins.region import region
from bot.bulletins.template import TemplateFault
from bot.bulletins.warnings import CANCEL, UPDATE, Act, Judge, Known, Origin, Verdict
from bot.event import IncomingEvent
from bot.feeds.cap import Alert
from bot.feeds.forecast import ATTRIBUTION
from bot.feeds.quakes import Quake
from bot.handlers import broadcast, warningwords
from bot.handlers.broadcast import clock
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import REFERENCE, Outgoing, Priority
from bot.store import outbox, warnings
from bot.store.warnings import Warning

log = structlog.get_logger()

MARK = "warning-held"
_KNOWN_MS = 7 * 24 * 3_600_000
"""Longer than any source keeps a message in its list."""
_STYLES = dict.fromkeys((0xFE0E, 0xFE0F))


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Judge everything that the sources said and that is new; returns how many messages were decided."""
    for one in warnings.expired(connection, now):
        if unsent := warnings.expire(connection, one.id):
            desk.record(connection, "warning.expired_unsent", str(one.id), {"rooms": unsent}, now)
    judge = _judge(desk)
    if judge is None or not desk.config.bulletins.enabled:
        return 0
    moment = dt.datetime.fromtimestamp(now / 1000, dt.UTC)
    sources, facts = desk.content.bulletins.sources, Facts(moment, readings=readings(connection))
    alerts = _alerts(sources, facts)
    decided = 0
    for origin, alert in alerts:
        newer = {one for other, more in alerts if other == origin and more.meant for one in more.references}
        verdict = partial(judge.alert, alert, origin, _known(connection, now), moment, newer)
        decided += _settle(connection, desk, verdict, now)
    for quake in _quakes(sources, facts):
        decided += _settle(connection, desk, partial(judge.quake, quake, _known(connection, now), moment), now)
    return decided


def _settle(connection: Connection, desk: Desk, judged: Callable[[], Verdict | None], now: int) -> bool:
    try:
        verdict = judged()
    except TemplateFault as fault:  # one that cannot be worded must not keep back the others
        log.error("warning.broken", template=fault.name, line=fault.line)
        return False
    if verdict is None:
        return False
    shown = verdict.act in (Act.HOLD, Act.SHOW)
    if shown and desk.operations_room(connection) is None:
        return False  # nobody to decide: looked at again until there is
    said = verdict.act is Act.SAY
    number = warnings.add(
        connection, verdict.source, verdict.identifier, at=now, kind=verdict.kind, first_id=verdict.first,
        state=warnings.SENT if said else warnings.HELD if verdict.act is Act.HOLD else warnings.OVER,
        why=verdict.why, words=verdict.words if said or verdict.act is Act.HOLD else None,
        districts=list(verdict.districts),
        expires_at=None if verdict.expires is None else round(verdict.expires.timestamp() * 1000),
    )  # fmt: skip
    if number is None:
        return False
    if verdict.replaces is not None:
        warnings.settle(connection, verdict.replaces, warnings.OVER, words=None)
    payload = {"source": verdict.source, "identifier": verdict.identifier, "kind": verdict.kind, "why": verdict.why}
    desk.record(connection, f"warning.{verdict.act}", str(number), payload | {"first": verdict.first}, now)
    log.info("warning.decided", source=verdict.source, act=str(verdict.act), why=verdict.why, number=number)
    warning = warnings.get(connection, number)
    assert warning is not None  # noqa: S101 - it was written a moment ago
    if said:
        _say(connection, desk, warning, now)
    elif shown:
        _show(connection, desk, warning, verdict, now)
    return True


def _say(connection: Connection, desk: Desk, warning: Warning, now: int, *, officer_id: str | None = None) -> None:
    silent = _silent(desk)
    rooms = broadcast.channels(connection, desk, silent=silent)
    beside = warningwords.TOLD.format(rooms=len(rooms))
    beside += warningwords.SILENT.format(silent=len(silent)) if silent else ""
    if officer_id is not None:
        beside += " " + warningwords.SENT.format(officer=escape(short_name(officer_id)))
    broadcast.say(connection, desk, warning, _worded(connection, desk, warning), rooms, now, beside=beside)
    if warning.kind == CANCEL:
        warnings.close(connection, warning.root)
    elif warning.first_id is not None:
        warnings.supersede(connection, warning)


def _worded(connection: Connection, desk: Desk, warning: Warning) -> str:
    """With the word that it changes or ends an earlier one, which a reader may not have seen."""
    first = warnings.get(connection, warning.first_id) if warning.first_id is not None else None
    words = warning.words or ""
    if first is None:
        return words
    time = clock(desk, first.at)
    if warning.kind == UPDATE:
        return f"{warningwords.UPDATED.format(time=time)}\n\n{words}"
    careful = warningwords.STAY_CAREFUL.format(emergency=desk.content.bulletins.emergency)
    title = next((line for line in words.splitlines() if line.strip()), "")
    return f"{warningwords.ENDED[warning.why or ''].format(time=time)}\n\n> {title}\n\n{careful}"


def _show(connection: Connection, desk: Desk, warning: Warning, verdict: Verdict, now: int) -> None:
    """Before the officers; with the two signs ready to be touched when it is theirs to decide."""
    ours = desk.content.bulletins.sources.region
    parts = [warningwords.WHY[str(verdict.why)].format(region=escape(ours.name) if ours is not None else "")]
    held = verdict.act is Act.HOLD
    if held:
        rooms = broadcast.channels(connection, desk, silent=_silent(desk))
        parts.append(warningwords.DECIDE.format(rooms=len(rooms)))
    parts.append("\n".join(f"> {line}" for line in verdict.words.splitlines()))
    key = f"{MARK}:{warning.id}"
    content = render("\n\n".join(parts)).content(notice=not held)
    desk.tell_operations(connection, key, content, now, priority=Priority.WARNING if held else Priority.NOTICE)
    room_id = desk.operations_room(connection)
    if not held or room_id is None:
        return
    for sign in (warningwords.SEND, warningwords.DROP):
        relation = {"rel_type": "m.annotation", "event_id": f"{REFERENCE}{key}", "key": sign}
        button = Outgoing(f"{key}:{sign}", room_id, {"m.relates_to": relation}, type="m.reaction")
        outbox.append(connection, button, now)


def marked(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """An officer's sign on a held warning. One reaction is enough, since all it does is repeat a public source."""
    number = (about or "").removeprefix(f"{MARK}:")
    sign = event.body.translate(_STYLES).strip()
    if not number.isdecimal() or sign not in (warningwords.SEND, warningwords.DROP):
        return
    if officer(connection, desk, event) is None:
        _answer(connection, desk, f"{MARK}:{number}:refused", number, warningwords.OFFICERS_ONLY, now)
        return
    warning = warnings.get(connection, int(number))
    send = sign == warningwords.SEND
    due = warning is not None and (warning.expires_at is None or warning.expires_at > now)
    values = {} if send else {"words": None}
    state = warnings.SENT if send else warnings.OVER
    if warning is None or not due or not warnings.settle(connection, warning.id, state, by=event.sender, **values):
        _answer(connection, desk, f"{MARK}:{number}:late", number, warningwords.DECIDED_BEFORE, now)
        return
    kind = "warning.sent_by_officer" if send else "warning.dropped"
    desk.record(connection, kind, str(warning.id), {"officer": event.sender, "trust": event.trust}, now)
    if send:
        _say(connection, desk, warning, now, officer_id=event.sender)
    else:
        word = warningwords.DROPPED.format(officer=escape(short_name(event.sender)))
        _answer(connection, desk, f"{MARK}:{number}:dropped", number, word, now)


def _answer(connection: Connection, desk: Desk, key: str, number: str, word: str, now: int) -> None:
    content = render(word).content(notice=True)
    content["m.relates_to"] = {"m.in_reply_to": {"event_id": f"{REFERENCE}{MARK}:{number}"}}
    desk.tell_operations(connection, key, content, now)


def _judge(desk: Desk) -> Judge | None:
    alerting, bulletins = desk.content.alerting, desk.content.bulletins
    ours = region(bulletins.sources, desk.content.gazetteer)
    if alerting is None or ours is None:
        return None
    places = bulletins.sources.quakes.places if bulletins.sources.quakes is not None else ()
    return Judge(alerting, ours, places, desk.config.zone, bulletins.emergency, bulletins.templates)


def _silent(desk: Desk) -> tuple[str, ...]:
    return desk.content.alerting.silent_rooms if desk.content.alerting is not None else ()


def _known(connection: Connection, now: int) -> list[Known]:
    return [
        Known(
            one.id, one.source, one.identifier, one.first_id, one.kind, one.state, one.words, one.districts,
            None if one.expires_at is None else _moment(one.expires_at), _moment(one.at),
        )
        for one in warnings.since(connection, now - _KNOWN_MS)
    ]  # fmt: skip


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)


def _alerts(sources: Sources, facts: Facts) -> list[tuple[Origin, Alert]]:
    """Everything that the sources say now and that is not too old, in the order in which it was sent."""
    said = []
    if sources.nowcast is not None:
        said.append((Origin(asked.NOWCAST, ATTRIBUTION), reading.nowcast(facts, sources.nowcast)[0]))
    for one in sources.cap:
        said.append((Origin(asked.cap(one.name), one.who, one.ours), reading.alerts(facts, one)[0]))
    found = [(origin, alert) for origin, had in said if isinstance(had, Had) for alert in had.value]
    return sorted(found, key=lambda one: one[1].sent)


def _quakes(sources: Sources, facts: Facts) -> list[Quake]:
    """Oldest first."""
    had = reading.quakes(facts, sources.quakes) if sources.quakes is not None else None
    return sorted(had.value, key=lambda quake: quake.at) if isinstance(had, Had) else []
