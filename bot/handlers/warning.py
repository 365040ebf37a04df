"""Sources' warnings between the bulletins: said, held for officers, or left. One row each, so each is said once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.bulletins import asked, quakenews, reading
from bot.bulletins.announce import readings
from bot.bulletins.facts import Facts
from bot.bulletins.judge import Judge
from bot.bulletins.origins import Sources
from bot.bulletins.reading import Had
from bot.bulletins.region import region
from bot.bulletins.template import TemplateFault
from bot.bulletins.warnings import ALERT, CANCEL, UPDATE, Act, Known, Origin, Verdict
from bot.feeds import cap
from bot.feeds.cap import Alert
from bot.feeds.forecast import ATTRIBUTION
from bot.feeds.quakes import Quake
from bot.handlers import broadcast, heldcards, warningwords
from bot.handlers.broadcast import clock
from bot.handlers.desk import Desk
from bot.incidents.cards import short_name
from bot.markup import escape
from bot.store import warnings
from bot.store.warnings import Warning

log = structlog.get_logger()

_KNOWN_MS = 7 * 24 * 3_600_000
"""Longer than any source keeps a message in its list."""
_HEAD_LINES = 2
_ORDER = (cap.ALERT, cap.UPDATE, cap.CANCEL)


def look(connection: Connection, desk: Desk, now: int) -> int:
    """Judge everything that the sources said and that is new; returns how many messages were decided."""
    _expire(connection, desk, now)
    moment = dt.datetime.fromtimestamp(now / 1000, dt.UTC)
    sources, facts = desk.content.bulletins.sources, Facts(moment, readings=readings(connection))
    listed = _alerts(sources, facts)
    judge = _judge(desk, tuple(listed))
    if judge is None or not desk.config.bulletins.enabled:
        return 0
    decided, known = 0, _known(connection, now)
    alerts = [(origin, alert) for origin, all_ in listed.items() for alert in all_]
    for origin, alert in sorted(alerts, key=lambda one: (one[1].sent, _ORDER.index(one[1].kind))):
        if _settle(connection, desk, partial(judge.alert, alert, origin, known, moment, listed[origin]), now):
            decided, known = decided + 1, _known(connection, now)
    for quake in _quakes(sources, facts):
        if _settle(connection, desk, partial(quakenews.judged, judge, quake, known, moment), now):
            decided, known = decided + 1, _known(connection, now)
    return decided


def send(connection: Connection, desk: Desk, warning: Warning, now: int, *, by: str, second: str | None = None) -> bool:
    """Officers have it sent; false when it was decided before. Whatever says the same waits no longer."""
    kind = warning.kind
    if kind != CANCEL:
        kind = UPDATE if warnings.heard(connection, warning.root, before=warning.id) else ALERT
    values = {"kind": kind, "by": by, "second": second, "at": now}
    if not warnings.settle(connection, warning.id, warnings.SENT, **values):
        return False
    payload = {"officer": by, "second": second, "why": warning.why}
    desk.record(connection, "warning.sent_by_officer", str(warning.id), payload, now)
    heldcards.settle(connection, desk, warning, "sent_by_two" if second else "sent", now, by=by, second=second or "")
    for other in warnings.waiting(connection):
        if (other.source, other.words, other.kind) == (warning.source, warning.words, warning.kind):
            heldcards.drop(connection, desk, other, "newer", now)
    said = warnings.get(connection, warning.id)
    assert said is not None  # noqa: S101 - it was written a moment ago
    _say(connection, desk, said, now)
    return True


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
    number = warnings.add(
        connection, verdict.source, verdict.identifier, at=now, kind=verdict.kind,
        first_id=min(verdict.chains, default=None), state=verdict.state, why=verdict.why,
        words=None if verdict.state == warnings.OVER else verdict.words, districts=list(verdict.districts),
        refers=list(verdict.refers), sent_at=_milliseconds(verdict.sent_at),
        expires_at=_milliseconds(verdict.expires), open_end=int(verdict.open_end),
    )  # fmt: skip
    if number is None:
        return False
    if len(verdict.chains) > 1:
        warnings.unite(connection, verdict.chains)
    payload = {"source": verdict.source, "identifier": verdict.identifier, "kind": verdict.kind, "why": verdict.why}
    first = min(verdict.chains, default=None)
    desk.record(connection, f"warning.{verdict.act}", str(number), payload | {"first": first}, now)
    log.info("warning.decided", source=verdict.source, act=str(verdict.act), why=verdict.why, number=number)
    for old in verdict.settles:
        if (waiting := warnings.get(connection, old)) is not None:
            heldcards.drop(connection, desk, waiting, "ended" if verdict.kind == CANCEL else "newer", now)
    warning = warnings.get(connection, number)
    assert warning is not None  # noqa: S101 - it was written a moment ago
    newest = warnings.get(connection, verdict.newest) if verdict.newest is not None else None
    if newest is not None:
        older = [one for old in verdict.overtaken if (one := warnings.get(connection, old)) is not None]
        broadcast.outdate(connection, desk, newest, older, now)
        warnings.over(connection, verdict.overtaken)
    if verdict.act is Act.SAY:
        _say(connection, desk, warning, now)
    elif shown:
        heldcards.put_up(connection, desk, warning, now)
    return True


def _say(connection: Connection, desk: Desk, warning: Warning, now: int) -> None:
    silent = heldcards.silent(desk)
    rooms = broadcast.channels(connection, desk, silent=silent)
    beside = warningwords.TOLD.format(rooms=len(rooms))
    beside += warningwords.SILENT.format(silent=len(silent)) if silent else ""
    if warning.by is not None:
        names = {"officer": escape(short_name(warning.by)), "second": escape(short_name(warning.second or ""))}
        beside += " " + (warningwords.SENT_BY_TWO if warning.second else warningwords.SENT).format(**names)
    broadcast.say(connection, desk, warning, _worded(connection, desk, warning), rooms, now, beside=beside)
    if warning.kind != CANCEL:
        warnings.supersede(connection, warning)
        return
    warnings.close(connection, warning.root)
    for one in warnings.chain(connection, warning.root):
        if one.state == warnings.HELD:
            heldcards.drop(connection, desk, one, "ended", now)


def _worded(connection: Connection, desk: Desk, warning: Warning) -> str:
    """With the word that it changes or ends an earlier one, which a reader may not have seen."""
    older = warnings.heard(connection, warning.root, before=warning.id)
    words = warning.words or ""
    if not older or warning.kind == ALERT:
        return words
    time = clock(desk, older[0].at)
    if warning.kind == UPDATE:
        return f"{warningwords.UPDATED.format(time=time)}\n\n{words}"
    ended = warningwords.ENDED.get(warning.why or "", warningwords.TAKEN_BACK)
    in_force = [one.words or "" for one in older if one.state == warnings.SENT] or [words]
    heads = dict.fromkeys("\n".join(_head(one)) for one in in_force)
    careful = warningwords.STAY_CAREFUL.format(emergency=desk.content.bulletins.emergency)
    return "\n\n".join([ended.format(time=time), *heads, careful])


def _head(words: str) -> list[str]:
    """What and where, by which it is known again."""
    return [f"> {line}" for line in words.splitlines() if line.strip()][:_HEAD_LINES]


def _expire(connection: Connection, desk: Desk, now: int) -> None:
    """What is over: not in force, and not to be decided. That it is not sent: `bot.handlers.unreached`."""
    for one in warnings.expire(connection, now):
        heldcards.drop(connection, desk, one, "expired", now)


def _judge(desk: Desk, origins: tuple[Origin, ...]) -> Judge | None:
    alerting, bulletins = desk.content.alerting, desk.content.bulletins
    ours = region(bulletins.sources, desk.content.gazetteer)
    if alerting is None or ours is None:
        return None
    places = bulletins.sources.quakes.places if bulletins.sources.quakes is not None else ()
    return Judge(alerting, ours, places, desk.config.zone, bulletins.emergency, bulletins.templates, origins)


def _known(connection: Connection, now: int) -> list[Known]:
    return [
        Known(
            one.id, one.source, one.identifier, one.first_id, one.kind, one.state, one.why, one.words, _moment(one.at),
            None if one.sent_at is None else _moment(one.sent_at),
            None if one.expires_at is None else _moment(one.expires_at), one.open_end, one.refers,
        )
        for one in warnings.since(connection, now - _KNOWN_MS)
    ]  # fmt: skip


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)


def _milliseconds(moment: dt.datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _alerts(sources: Sources, facts: Facts) -> dict[Origin, tuple[Alert, ...]]:
    """Everything that the sources say now and that is not too old."""
    said = {}
    if sources.nowcast is not None:
        said[Origin(asked.NOWCAST, ATTRIBUTION)] = reading.nowcast(facts, sources.nowcast)[0]
    for one in sources.cap:
        said[Origin(asked.cap(one.name), one.who, one.ours)] = reading.alerts(facts, one)[0]
    return {origin: had.value if isinstance(had, Had) else () for origin, had in said.items()}


def _quakes(sources: Sources, facts: Facts) -> list[Quake]:
    """Oldest first."""
    had = reading.quakes(facts, sources.quakes) if sources.quakes is not None else None
    return sorted(had.value, key=lambda quake: quake.at) if isinstance(had, Had) else []
