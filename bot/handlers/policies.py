"""Following other people's policy lists: looked at first, by an officer's word only, undone as easily.

A list is read from what we keep of its room (`bot.store.roomstate`). Its bans are acts by "kentongan", one for each
channel, and only those it lifts again: a ban by an officer stays, and whom an officer has let in again stays in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import lifting, policyviews
from bot.handlers import policywords as words
from bot.handlers.desk import Desk
from bot.markup import escape, render
from bot.moderation import policies as rules
from bot.moderation.policies import Around, Reading, Rule, Weighed, read, weigh
from bot.outgoing import Action
from bot.store import acts, heartbeats, outbox, policies, rooms, roomstate
from bot.store.acts import KENTONGAN
from bot.store.policies import PolicyList, State

BAN = "ban"
_PATIENCE_MS = 10 * 60_000
"""A list that could not be opened within this time is told to be out of reach."""
_EVERY_MS = 10 * 60_000
"""How often all followed lists are compared with our members, whatever was missed in between."""
_PAUSE_MS = 30_000
"""At least so long between two such looks, however often lists change: weighing a huge one takes seconds."""
_ROUND, _CHANGED, _SEEN, _HALTED = "policies:round", "policies:changed", "policies:seen", "policies:halted"
"""Heartbeats: when all were compared last; the event that changed something last, and the last that was seen to;
whether a list hits too many of us."""
_DAY_MS = 24 * 3_600_000


def look(connection: Connection, desk: Desk, now: int) -> int:
    """What comes round: lists that have opened are shown, followed ones compared; returns how many were shown."""
    shown = 0
    for one in policies.all_in(connection, State.JOINING):
        room_id = policies.room_behind(connection, one.address, one.at)
        if room_id is not None:
            before = policies.get(connection, room_id)
            if is_ours(connection, room_id) or (before is not None and before.state is State.FOLLOWED):
                _known_already(connection, desk, one, ours=is_ours(connection, room_id), now=now)
                continue
            one = policies.arrived(connection, one, room_id)
            said = render(policyviews.preview(desk, one, *weighed(connection, desk, one))).content()
            desk.tell_operations(connection, f"policy:preview:{room_id}:{one.at}", said, now)
            shown += 1
        elif now - one.at > _PATIENCE_MS:
            policies.advance(connection, one.room_id, State.LEFT, one.by, now)
            said = render(words.CANNOT_JOIN.format(address=escape(one.address))).content(notice=True)
            desk.tell_operations(connection, f"policy:unreached:{one.room_id}:{one.at}", said, now)
    if policies.all_in(connection, State.FOLLOWED) and _is_time(connection, now):
        heartbeats.due(connection, _ROUND, str(now), now)
        heartbeats.due(connection, _SEEN, heartbeats.last(connection, _CHANGED) or "", now)
        _follow_up(connection, desk, f"round:{now}", now)
    return shown


def changed(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """A rule came, changed or went in a list's room; true when it is a list that we follow.

    Only noted: a list is read and weighed as a whole, and a stranger who writes a thousand rules must not hold up
    reports by them.
    """
    if event.kind is not Kind.STATE or event.type not in roomstate.POLICY_RULES:
        return False
    one = policies.get(connection, event.room_id)
    if one is None or one.state is not State.FOLLOWED:
        return False
    heartbeats.due(connection, _CHANGED, event.event_id, now)
    return True


def came(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> bool:
    """Somebody joined a channel: whom a followed list names is put out of all of them.

    Weighed here are the rules that hit this person; what a list does to all of us together is weighed soon after.
    """
    if event.kind is not Kind.MEMBER or event.content.get("membership") not in ("join", "knock"):
        return False
    user = event.state_key
    if event.room_id not in policies.channels(connection) or user is None:
        return False
    for one in policies.all_in(connection, State.FOLLOWED):
        found = rules.hits_of(user, read(roomstate.rules(connection, one.room_id, about=user)).rules)
        if not found or heartbeats.last(connection, f"{_HALTED}:{one.room_id}") == str(True):
            continue
        around = _around(connection, desk, also={user, *held(connection, now)})
        rule = weigh(found, around).bans.get(user)
        if rule is not None and _ban(connection, desk, user, one, rule, now):
            heartbeats.due(connection, _CHANGED, event.event_id, now)
            _tell(connection, desk, [user], [], event.event_id, now)
            return True
    return False


def apply(connection: Connection, desk: Desk, now: int) -> tuple[list[str], list[str]]:
    """Make what holds equal to what the followed lists say: (who was banned, who was let in again)."""
    standing = [one for one in acts.in_force(connection, now, kind=BAN) if one.by == KENTONGAN]
    held = {one.target for one in standing}
    # Who is banned is no member any more, and still counts: otherwise each look would let them in again, and a list
    # that grows by one rule a day could put out everybody.
    around = _around(connection, desk, also=held)
    banned: list[str] = []
    wanted: set[str] = set()
    for one in policies.all_in(connection, State.FOLLOWED):
        if policies.room_behind(connection, one.room_id) is None:
            # We are out of its room, which says nothing of whom it names. So nobody is let in, not even whom another
            # list put out: this one may name them, too.
            wanted |= held
            _lost(connection, desk, one, now)
            continue
        reading = _reading(connection, one)
        wanted |= {user for user in held if _still(user, reading, around)}
        weighed = weigh(reading.rules, around)
        heartbeats.due(connection, f"{_HALTED}:{one.room_id}", str(weighed.halted), now)
        if weighed.halted:
            _halted(connection, desk, one, now)
        _propose(connection, desk, one, weighed, held, now)
        for user, rule in weighed.bans.items():
            wanted.add(user)
            if _ban(connection, desk, user, one, rule, now):
                banned.append(user)
    lifted = sorted(held - wanted)
    for act in standing:
        if act.target not in wanted:
            lifting.lift(connection, desk, act, KENTONGAN, now)
    return banned, lifted


def is_list(connection: Connection, room_id: str) -> bool:
    """Whether a room is a list's: nobody is spoken to there, and nothing but its rules is read."""
    return policies.is_list(connection, room_id)


def is_ours(connection: Connection, where: str) -> bool:
    """Whether it is a room of ours: nobody leaves those by letting a list go."""
    return any(where in (one.room_id, one.alias) for one in rooms.named(connection).values())


def _known_already(connection: Connection, desk: Desk, one: PolicyList, *, ours: bool, now: int) -> None:
    """Another name for a room that we follow, or for one of ours: looking at it changes nothing."""
    policies.drop(connection, one.room_id)
    text = (words.OURS if ours else words.ALREADY).format(address=escape(one.address))
    key = f"policy:known:{one.room_id}:{one.at}"
    desk.tell_operations(connection, key, render(text).content(notice=True), now)


def size(connection: Connection, one: PolicyList) -> int:
    """How many rules it has."""
    return len(_reading(connection, one).rules)


def _still(user_id: str, reading: Reading, around: Around) -> bool:
    """Whether a rule that we would follow hits somebody who is out already."""
    rule = rules.hit_by(user_id, reading.rules)
    return rule is not None and not weigh([rule], around).refused


def _ban(connection: Connection, desk: Desk, user_id: str, one: PolicyList, rule: Rule, now: int) -> bool:
    """In every channel, once; false when that is so already, or an officer has let them in again.

    Where the homeserver refused it, it is tried again a day later: power may have been given since.
    """
    ours = [act for act in acts.all_about(connection, user_id, kind=BAN) if act.by == KENTONGAN]
    if any(act.ended_by not in (None, KENTONGAN, acts.FAILED) for act in ours):
        return False
    refused = {act.room_id for act in ours if act.ended_by == acts.FAILED and now - act.since_at < _DAY_MS}
    reason = words.REASON.format(address=one.address, reason=rule.reason or words.NO_REASON)
    done = False
    for room_id in policies.channels(connection):
        if room_id in refused or acts.in_force(connection, now, kind=BAN, room_id=room_id, target=user_id):
            continue
        number = acts.start(
            connection, BAN, user_id, room_id=room_id, by=KENTONGAN, reason=reason, event_id=rule.event_id, now=now
        )
        outgoing = lifting.membership(f"act:{number}:ban", room_id, Action.BAN, user_id, reason)
        done |= outbox.append(connection, outgoing, now)
    if done:
        payload = {"about": user_id, "list": one.room_id, "entity": rule.entity, "reason": rule.reason}
        desk.record(connection, "policy.banned", rule.event_id or one.room_id, payload, now)
    return done


def held(connection: Connection, now: int) -> set[str]:
    """Everybody whom a list has put out."""
    return {one.target for one in acts.in_force(connection, now, kind=BAN) if one.by == KENTONGAN}


def _halted(connection: Connection, desk: Desk, one: PolicyList, now: int) -> None:
    """Officers hear it once a day, as long as it is so."""
    percent = desk.content.protections.policies.most_percent
    said = render(words.HALTED_NOW.format(address=escape(one.address), percent=percent)).content()
    desk.tell_operations(connection, f"policy:halted:{one.room_id}:{now // _DAY_MS}", said, now)


def _lost(connection: Connection, desk: Desk, one: PolicyList, now: int) -> None:
    """Officers hear it once for as long as they follow it."""
    said = render(words.LOST.format(address=escape(one.address), code=_code(one))).content()
    desk.tell_operations(connection, f"policy:lost:{one.room_id}:{one.at}", said, now)


def _is_time(connection: Connection, now: int) -> bool:
    """A change is followed at once, many of them once in a while, and all lists are compared now and then anyway."""
    news = (heartbeats.last(connection, _CHANGED) or "") != (heartbeats.last(connection, _SEEN) or "")
    return now - int(heartbeats.last(connection, _ROUND) or 0) >= (_PAUSE_MS if news else _EVERY_MS)


def _follow_up(connection: Connection, desk: Desk, cause: str, now: int) -> None:
    banned, lifted = apply(connection, desk, now)
    if banned or lifted:
        _tell(connection, desk, banned, lifted, cause, now)


def _tell(
    connection: Connection, desk: Desk, banned: Sequence[str], lifted: Sequence[str], cause: str, now: int
) -> None:
    text = words.CHANGED.format(banned=policyviews.people(banned), lifted=policyviews.people(lifted))
    desk.tell_operations(connection, f"policy:changed:{cause}", render(text).content(notice=True), now)


def _propose(connection: Connection, desk: Desk, one: PolicyList, weighed: Weighed, out: set[str], now: int) -> None:
    """Servers on which members of ours are: shutting out a server hits many, so officers decide. Each is told once.

    `out`: people who are members no more.
    """
    there = {name: [user for user in people if user not in out] for name, people in weighed.servers.items()}
    new = {
        server: people
        for server, people in there.items()
        if people and outbox.room_of(connection, f"policy:server:{one.room_id}:{server}") is None
    }
    for server, people in list(new.items())[: policyviews.SHOWN]:
        text = words.PROPOSED.format(
            address=escape(one.address), servers=policyviews.server(server, people), first=server, code=_code(one)
        )
        key = f"policy:server:{one.room_id}:{server}"
        desk.tell_operations(connection, key, render(text).content(), now)


def _code(one: PolicyList) -> str:
    """Its address between backticks, where nothing may be escaped."""
    return one.address.replace("`", "")


def weighed(connection: Connection, desk: Desk, one: PolicyList) -> tuple[Reading, Weighed]:
    """What stands in a list, and what following it would do now."""
    reading = _reading(connection, one)
    return reading, weigh(reading.rules, _around(connection, desk))


def _reading(connection: Connection, one: PolicyList) -> Reading:
    return read(roomstate.rules(connection, one.room_id))


def _around(connection: Connection, desk: Desk, also: Collection[str] = ()) -> Around:
    """`also`: people who are no members (yet, or any more) and shall be looked at."""
    server = desk.config.homeserver.server_name
    content = desk.content
    officers = {one.user_id(server) for one in content.rooms.officers}
    liaisons = {person for agency in content.agencies.all for person in agency.people(server)}
    named = rooms.named(connection).values()
    return Around(
        me=desk.me, server=server,
        guarded=frozenset(officers | liaisons | set(content.rooms.creators(server))),
        agencies=frozenset(name for agency in content.agencies.all for name in agency.servers),
        rooms=frozenset({one.room_id for one in named} | {one.alias for one in named if one.alias}),
        members=frozenset(policies.members_of_channels(connection) | set(also)),
        most_percent=content.protections.policies.most_percent,
    )  # fmt: skip
