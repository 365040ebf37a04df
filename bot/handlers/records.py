"""What is on record: acts that hold, what was done to a person and written about them, and the keys of officers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.handlers import confirming, exempt, sites
from bot.handlers.proof import shown
from bot.handlers.replying import Deed, Reply
from bot.moderation import words
from bot.moderation.authority import Refusal
from bot.moderation.errand import Errand
from bot.store import acts, officerkeys, remarks, rooms, roomstate
from bot.store.acts import Act

_SHOWN = 15
"""Lines in one answer: what fits on a phone."""
_REMARKS = 10
_DAYS = 30
_DAY_MS = 24 * 3_600_000


def show(reply: Reply, target: str | None, channels: Sequence[str]) -> None:
    """A person, or all that holds (in one channel)."""
    reply.desk.record(
        reply.connection,
        "order.shown",
        reply.event.event_id,
        {"officer": reply.event.sender, "about": target},
        reply.now,
    )
    reply.privately(_person(reply, target) if target is not None else _holding(reply, channels))


def remark(reply: Reply, errand: Errand, *, trial: bool) -> None:
    """A few words about a person; none about colleagues."""
    connection, desk, event, now = reply.connection, reply.desk, reply.event, reply.now
    target = errand.targets[0]
    why = exempt.why_exempt(desk)(target)
    if why is not None:
        reply.refuse(Refusal(why, target=target))
        return
    noted = words.NOTED.format(who=sites.person(desk, target), name=sites.name(desk, target))
    if trial:
        reply.discreetly(words.TRIAL.format(what=noted))
        return
    remarks.add(connection, target, errand.reason, by=event.sender, now=now)
    payload = {"officer": event.sender, "about": target, "words": errand.reason, "key": errand.proof}
    desk.record(connection, "person.remarked", event.event_id, payload, now)
    reply.privately(noted)


def vouch(reply: Reply, errand: Errand, *, trial: bool) -> None:
    """Ask for the code under which a colleague's new key is accepted."""
    desk, target = reply.desk, errand.targets[0]
    who = sites.person(desk, target)
    pin = officerkeys.pinned(reply.connection, target)
    if target == reply.event.sender:
        reply.say(words.VOUCH_SELF)
    elif desk.content.rooms.officer(target, desk.config.homeserver.server_name) is None:
        reply.discreetly(words.VOUCH_NO_OFFICER.format(who=who))
    elif pin is None or pin.refused_key is None:
        reply.discreetly(words.VOUCH_NONE.format(who=who))
    else:
        what = "- " + words.WOULD[errand.verb].format(who=who, key=shown(pin.refused_key))
        if trial:
            reply.discreetly(words.TRIAL.format(what=what))
        else:
            confirming.ask(reply, replace(errand, new_key=pin.refused_key), what)


def vouched(reply: Reply, errand: Errand) -> None:
    """The code was right: the new key is theirs, if it is still the one that was shown."""
    connection, desk, event, now = reply.connection, reply.desk, reply.event, reply.now
    target, key = errand.targets[0], errand.new_key or ""
    who = sites.person(desk, target)
    if not officerkeys.vouch(connection, target, key, by=event.sender, now=now):
        reply.say(words.VOUCH_CHANGED.format(who=who))
        return
    payload = {"officer": target, "key": key, "by": event.sender, "proof": errand.proof, "code": event.event_id}
    desk.record(connection, "officer.vouched", errand.order_id, payload, now)
    reply.done([Deed(words.VOUCHED.format(who=who, by=sites.person(desk, event.sender), key=shown(key)))])


def _person(reply: Reply, target: str) -> str:
    connection, desk, now = reply.connection, reply.desk, reply.now
    parts = [words.PERSON.format(who=sites.person(desk, target))]
    known = {room.room_id: room for room in rooms.named(connection).values() if room.kind == "channel"}
    inside = []
    for room_id in roomstate.rooms_of(connection, target):
        since = roomstate.since(connection, room_id, target)
        if room_id in known and since is not None:
            title = sites.title(connection, desk, room_id)
            inside.append(words.PERSON_SINCE.format(room=title, when=sites.clock(desk, since[1], now)))
    parts.append(words.PERSON_IN.format(rooms=", ".join(inside)) if inside else words.PERSON_NOWHERE)
    done = acts.about(connection, target)
    if done:
        lines = [_act(reply, one) for one in done[:_SHOWN]]
        if len(done) > _SHOWN:
            lines.append(f"- {words.MORE.format(count=len(done) - _SHOWN)}")
        parts.append("\n".join([words.PERSON_ACTS, *lines]))
    written = remarks.about(connection, target, _REMARKS)
    if written:
        lines = [
            words.REMARK_LINE.format(
                when=sites.clock(desk, one.at, now), by=sites.person(desk, one.by), words=sites.literal(one.words)
            )
            for one in written
        ]
        parts.append("\n".join([words.PERSON_REMARKS, *lines]))
    struck = remarks.struck(connection, target, now - _DAYS * _DAY_MS)
    if struck:
        parts.append(words.PERSON_STRIKES.format(days=_DAYS, count=struck))
    if len(parts) == 2:
        parts.append(words.PERSON_CLEAN)
    return "\n\n".join(parts)


def _holding(reply: Reply, channels: Sequence[str]) -> str:
    connection, desk, now = reply.connection, reply.desk, reply.now
    made = rooms.named(connection)
    found: list[Act] = []
    for name in channels:
        if name in made:
            found += acts.in_force(connection, now, room_id=made[name].room_id)
    found = found if channels else acts.in_force(connection, now)
    if not found:
        where = f" di {sites.title(connection, desk, made[channels[0]].room_id)}" if channels else ""
        return words.LIST_EMPTY.format(where=where)
    lines = []
    for one in found[:_SHOWN]:
        lines.append(
            words.LIST_LINE.format(
                what=sites.act(desk, one), room=sites.title(connection, desk, one.room_id),
                until=sites.until(desk, one.until_at, now, one.kind), by=_by(reply, one.by), why=_why(one),
            )
        )  # fmt: skip
    if len(found) > _SHOWN:
        lines.append(f"- {words.MORE.format(count=len(found) - _SHOWN)}")
    return "\n".join([words.LIST, "", *lines])


def _act(reply: Reply, one: Act) -> str:
    desk, now = reply.desk, reply.now
    ended = words.ACT_FAILED if one.ended_by == acts.FAILED else ""
    if one.until_at is not None and one.ended_at is not None and not ended:
        ended = words.ACT_ENDED
    until = f" {sites.until(desk, one.until_at, now)}" if one.until_at is not None else ""
    return words.ACT_LINE.format(
        when=sites.clock(desk, one.since_at, now), what=sites.act(desk, one),
        room=sites.title(reply.connection, desk, one.room_id), until=until, by=_by(reply, one.by), why=_why(one),
        ended=ended,
    )  # fmt: skip


def _by(reply: Reply, by: str) -> str:
    return words.BOT if by == acts.KENTONGAN else sites.person(reply.desk, by)


def _why(one: Act) -> str:
    return words.WHY_SHORT.format(reason=sites.literal(one.reason)) if one.reason else ""
