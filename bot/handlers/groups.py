"""A room that somebody else made: an invite is no consent to listen and speak there, an officer's word is.

The bot joins, says once who it is, and asks in the operations room. Until it is allowed nothing that is said in the
room is kept, answered or heard; only a request to be forgotten and what people take back count. What came in
meanwhile stays unanswered afterwards. A direct room that a third person enters is such a room from then on.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.event import IncomingEvent, Kind
from bot.handlers import doorwords as words
from bot.handlers import forwarding, restating
from bot.handlers.desk import Desk
from bot.handlers.officers import officer
from bot.handlers.replies import threaded
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import Action, Outgoing, Priority
from bot.store import groups, notices, outbox, policies, rooms, roomstate, tickets
from bot.store.groups import ALLOWED, ASKED, REFUSED, Group

MOST_OF_ONE = 3
"""So many groups of one inviter may wait for an answer; further invites are declined."""
MOST = 20
"""So many of all together."""
NOBODY = "kentongan"
_DAY_MS = 24 * 3_600_000
_LONGEST_NAME = 80
_PRESENT = ("join", "invite")
_A_GROUP = "a group"


def invited(connection: Connection, event: IncomingEvent, desk: Desk, accept: bool, now: int) -> None:
    """Join or decline; where officers have to be asked they are, and the room is told.

    `accept`: the inviter's server may invite us at all.
    """
    action, reason = _answer(connection, event, desk, accept)
    payload = {"room": event.room_id, "inviter": event.sender, "reason": reason}
    desk.record(connection, f"invite.{action}", event.event_id, payload, now)
    outbox.append(connection, Outgoing(f"invite:{event.event_id}", event.room_id, action=action), now)
    if reason == _A_GROUP:  # after the joining: the word into the room waits for that
        name = str(event.content.get("name", ""))
        _ask(connection, event.room_id, event.sender, desk, words.GROUP_CARD, now, name=name)


def _answer(connection: Connection, event: IncomingEvent, desk: Desk, accept: bool) -> tuple[Action, str]:
    if not accept:
        return Action.LEAVE, "server not allowed"
    if rooms.by_id(connection, event.room_id) is not None or forwarding.is_agency_room(connection, desk, event.room_id):
        return Action.JOIN, "a room of the files"
    known = groups.find(connection, event.room_id)
    if known is not None and known.state == REFUSED and known.decided_by != NOBODY:
        return Action.LEAVE, "refused before"
    if known is not None and known.state != REFUSED:
        return Action.JOIN, f"{known.state} before"
    if event.direct and known is None:  # a room that was found to be a group is one, whatever its invites claim
        return Action.JOIN, "direct"
    if _too_many(connection, event.sender):
        return Action.LEAVE, "too many groups wait for an answer"
    return Action.JOIN, _A_GROUP


def _too_many(connection: Connection, inviter: str) -> bool:
    return groups.unanswered(connection, inviter=inviter) >= MOST_OF_ONE or groups.unanswered(connection) >= MOST


def silences(connection: Connection, event: IncomingEvent, desk: Desk, received_at: int, now: int) -> bool:
    """Whether what comes from a room that the files do not name is not for us to hear (yet, or because it came before).

    Finds out as well that a direct room has become a group.
    """
    group = groups.find(connection, event.room_id)
    if group is None:
        if event.direct or len(roomstate.present(connection, event.room_id, _PRESENT)) <= 2:
            return False
        if policies.opening(connection):
            return True  # perhaps a list's room, whose id we are about to learn; a group shows with what comes next
        _grown(connection, event, desk, event.sender, now)
        return True
    if group.state != ALLOWED:
        return True
    decided = group.decided_at or 0
    return received_at < decided or (event.backfilled and event.sent_at < decided)


def answered(connection: Connection, event: IncomingEvent, desk: Desk, about: str | None, now: int) -> None:
    """A reaction to a group's card, or words under it."""
    group = groups.of_key(connection, about)
    state = _meant(event)
    if group is None or (state is None and event.kind is Kind.REACTION):
        return
    if officer(connection, desk, event) is None:
        desk.record(
            connection, "group.refused_sender", event.event_id, {"room": group.room_id, "trust": event.trust}, now
        )
        if event.kind is not Kind.REACTION or notices.first_time(connection, event.sender, f"refused:{group.key}", now):
            _reply(connection, event, desk, group, words.GROUP_NO_POWER, now)
        return
    if state is None:
        _reply(connection, event, desk, group, words.GROUP_NOT_UNDERSTOOD, now)
        return
    if state == group.state and group.decided_by != NOBODY:
        if event.kind is not Kind.REACTION:
            _reply(connection, event, desk, group, words.GROUP_SO_ALREADY.format(state=words.GROUP_IS[state]), now)
        return
    _decide(connection, event, desk, group, state, now)


def expire(connection: Connection, desk: Desk, now: int) -> int:
    """Groups about which no officer said a word in time: we leave, with one. Returns how many."""
    late = groups.overdue(connection, now - desk.config.groups.answer_days * _DAY_MS)
    for group in late:
        groups.decide(connection, group.room_id, REFUSED, NOBODY, now)
        desk.record(connection, "group.unanswered", group.key, {"room": group.room_id}, now)
        _leave(connection, group, words.GROUP_NO_ANSWER, f"{group.key}:{now}", now)
        _show(connection, group, words.GROUP_STATE["unanswered"], "unanswered", now)
    return len(late)


def _decide(connection: Connection, event: IncomingEvent, desk: Desk, group: Group, state: str, now: int) -> None:
    inside = desk.me in roomstate.present(connection, group.room_id, ("join",)) or group.state == ASKED
    groups.decide(connection, group.room_id, state, event.sender, now)
    payload = {"room": group.room_id, "officer": event.sender, "before": group.state, "trust": event.trust}
    desk.record(connection, f"group.{state}", event.event_id, payload, now)
    key = f"{group.key}:{event.event_id}"
    if state == REFUSED and inside:
        _leave(connection, group, words.GROUP_REFUSED, key, now)
    elif state == ALLOWED and inside:
        said = render(words.GROUP_ALLOWED).content(notice=True)
        outbox.append(connection, Outgoing(f"group-word:{key}", group.room_id, said), now)
    elif state == ALLOWED:
        _reply(connection, event, desk, group, words.GROUP_INVITE_AGAIN, now)
    who = escape(short_name(event.sender))
    _show(connection, group, words.GROUP_STATE[state].format(who=who), event.event_id, now)


def _meant(event: IncomingEvent) -> str | None:
    """What an officer wants, by a sign or by one word."""
    if event.kind is Kind.REACTION:
        signs = ((words.ALLOW_SIGNS, ALLOWED), (words.REFUSE_SIGNS, REFUSED))
        return next((state for some, state in signs if event.body.startswith(some)), None)
    word = event.body.strip().strip(".!").casefold() if event.kind is Kind.TEXT else ""
    if word in words.ALLOW_WORDS:
        return ALLOWED
    return REFUSED if word in words.REFUSE_WORDS else None


def _grown(connection: Connection, event: IncomingEvent, desk: Desk, by: str, now: int) -> None:
    """More than the two of us are in a room: it was direct until now, or was only said to be.

    Saying so is no way round the limit of invites: beyond it we go without a word, and officers see no card.
    """
    for ticket in tickets.open_in(connection, event.room_id):
        # What officers would write goes before other eyes: the talk is over here, and they are told.
        tickets.close(connection, ticket.id, NOBODY, now)
        told = threaded(
            f"outbox:{ticket.thread}", render(words.TICKET_GROUP.format(number=ticket.id)).content(notice=True)
        )
        desk.tell_operations(connection, f"{ticket.key}:closed", told, now)
    if not _too_many(connection, by):
        _ask(connection, event.room_id, by, desk, words.GROUP_CARD_GREW, now)
        return
    group = groups.ask(connection, event.room_id, by, now)
    groups.decide(connection, event.room_id, REFUSED, NOBODY, now)
    desk.record(connection, "group.too_many", group.key, {"room": event.room_id, "inviter": by}, now)
    outbox.append(connection, Outgoing(f"group-leave:{group.key}", event.room_id, action=Action.LEAVE), now)


def _ask(
    connection: Connection, room_id: str, inviter: str, desk: Desk, card: str, now: int, *, name: str = ""
) -> None:
    group = groups.ask(connection, room_id, inviter, now)
    desk.record(connection, "group.asked", group.key, {"room": room_id, "inviter": inviter}, now)
    controller = desk.content.rooms.controller or desk.content.rooms.space.title
    hello = words.GROUP_HELLO.format(bot=escape(short_name(desk.me)), controller=escape(controller))
    said = render(hello).content(notice=True)
    outbox.append(connection, Outgoing(f"group-hello:{group.key}", room_id, said, priority=Priority.NOTICE), now)
    until = datetime.fromtimestamp((now + desk.config.groups.answer_days * _DAY_MS) / 1000, desk.config.zone)
    shown = " ".join(name.split())[:_LONGEST_NAME]
    text = card.format(
        name=f"“{escape(shown)}”" if shown else words.GROUP_UNNAMED, inviter=escape(inviter),
        link=desk.room_link(room_id), until=f"{until:%d.%m. %H.%M}",
    )  # fmt: skip
    desk.tell_operations(connection, group.key, render(text).content(), now)


def _leave(connection: Connection, group: Group, text: str, key: str, now: int) -> None:
    """A word, then out; in the order of the room's queue."""
    said = render(text).content(notice=True)
    outbox.append(connection, Outgoing(f"group-word:{key}", group.room_id, said), now)
    leave = Outgoing(f"group-leave:{key}", group.room_id, action=Action.LEAVE, priority=Priority.BULLETIN)
    outbox.append(connection, leave, now)


def _show(connection: Connection, group: Group, state: str, cause: str, now: int) -> None:
    """The card says how it ended, where it stands."""
    shown = restating.shown(connection, group.key)
    if shown is not None:
        first = str(shown.get("body", "")).splitlines()[:2]
        text = "\n".join(escape(line) for line in first) + f"\n\n{state}"
        restating.replace(connection, group.key, render(text).content(), cause, now)


def _reply(connection: Connection, event: IncomingEvent, desk: Desk, group: Group, text: str, now: int) -> None:
    content = threaded(f"outbox:{group.key}", render(text).content(notice=True))
    desk.tell_operations(connection, f"group-reply:{event.event_id}", content, now)
