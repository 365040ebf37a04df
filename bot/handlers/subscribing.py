"""What officers order about other people's policy lists: look at one, follow it, let it go."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.handlers import policies, policyviews
from bot.handlers import policywords as words
from bot.handlers.desk import Desk
from bot.markup import escape
from bot.moderation import words as trialwords
from bot.moderation.listaddress import parse
from bot.outgoing import Action, Outgoing, Priority
from bot.store import outbox
from bot.store import policies as lists
from bot.store.policies import PolicyList, State


def preview(connection: Connection, desk: Desk, address: str, *, by: str, now: int) -> str:
    """An officer wants to see a list; the words for them. What it would do follows once we are in its room."""
    asked = parse(address)
    if asked is None:
        return words.NO_ADDRESS
    if policies.is_ours(connection, asked.where):
        return words.OURS.format(address=escape(asked.where))
    known = lists.get(connection, asked.where)
    if known is not None and known.state in (State.PREVIEWED, State.FOLLOWED):
        return policyviews.preview(desk, known, *policies.weighed(connection, desk, known))
    lists.begin(connection, asked.where, by, now)
    content = {"via": list(asked.via)} if asked.via else {}
    key = lists.join_key(asked.where, now)
    outbox.append(connection, Outgoing(key, asked.where, content, action=Action.JOIN, priority=Priority.CARD), now)
    desk.record(connection, "policy.looked", asked.where, {"by": by}, now)
    return words.LOOKING.format(address=escape(asked.where))


def would_look(connection: Connection, desk: Desk, address: str, *, by: str, now: int) -> str:
    """What looking at it would do."""
    asked = parse(address)
    return trialwords.TRIAL.format(
        what="- " + words.WOULD_LOOK.format(address=escape(asked.where if asked else address))
    )


def overview(connection: Connection, desk: Desk) -> str:
    """The lists that are followed or have been looked at, and our own."""
    known = lists.all_in(connection, State.FOLLOWED, State.PREVIEWED, State.JOINING)
    return policyviews.overview(desk, [(one, policies.size(connection, one)) for one in known])


def hindrance(connection: Connection, address: str, *, following: bool) -> str | None:
    """Why a list cannot be followed, or be let go; `None` when it can."""
    one = _known(connection, address)
    if one is None or one.state is State.LEFT:
        return words.UNKNOWN.format(address=escape(address))
    if not following or one.state is State.PREVIEWED:
        return None
    return (words.ALREADY if one.state is State.FOLLOWED else words.NOT_YET).format(address=escape(one.address))


def foretold(connection: Connection, desk: Desk, address: str, *, following: bool, now: int) -> str:
    """Whom following it would put out now, or letting it go let in."""
    one = _known(connection, address)
    if one is None:
        return words.UNKNOWN.format(address=escape(address))
    if not following:
        count = len(policies.held(connection, now)) if one.state is State.FOLLOWED else 0
        return words.WOULD_LEAVE.format(address=escape(one.address), count=count)
    reading, weighed = policies.weighed(connection, desk, one)
    return policyviews.foretold(desk, one, reading, weighed)


def follow(connection: Connection, desk: Desk, address: str, *, by: str, now: int) -> str:
    """From now on its rules hold in all channels; the words for the officer, who has confirmed it."""
    one = _known(connection, address)
    why = hindrance(connection, address, following=True)
    if why is not None or one is None:
        return why or words.UNKNOWN.format(address=escape(address))
    lists.advance(connection, one.room_id, State.FOLLOWED, by, now)
    banned, _ = policies.apply(connection, desk, now)
    desk.record(connection, "policy.followed", one.room_id, {"by": by, "banned": len(banned)}, now)
    return words.FOLLOWED.format(address=escape(one.address), count=len(banned))


def unfollow(connection: Connection, desk: Desk, address: str, *, by: str, now: int) -> str:
    """Its rules hold no longer, and we leave its room; the words for the officer."""
    one = _known(connection, address)
    if one is None or one.state is State.LEFT:
        return words.UNKNOWN.format(address=escape(address))
    lists.advance(connection, one.room_id, State.LEFT, by, now)
    _, lifted = policies.apply(connection, desk, now)
    outgoing = Outgoing(f"policy:leave:{one.room_id}:{now}", one.room_id, action=Action.LEAVE, priority=Priority.CARD)
    outbox.append(connection, outgoing, now)
    desk.record(connection, "policy.unfollowed", one.room_id, {"by": by, "lifted": len(lifted)}, now)
    return words.UNFOLLOWED.format(address=escape(one.address), count=len(lifted))


def _known(connection: Connection, address: str) -> PolicyList | None:
    """The list of that address, by whichever name it was looked at."""
    asked = parse(address)
    where = asked.where if asked is not None else address
    found = lists.get(connection, where)
    if found is not None:
        return found
    room_id = lists.room_behind(connection, where)
    return lists.get(connection, room_id) if room_id is not None else None
