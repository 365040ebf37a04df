"""Cards of private matters in a room of their own, where the files name one.

What became private only later leaves the operations room: its card with everything said in its thread is taken back,
and the card is put up anew where fewer people read. What officers wrote there themselves is theirs to delete.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.handlers import casewords, retraction
from bot.handlers.desk import Desk
from bot.incidents.cards import pill
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.store import copies, incidents, outbox, quotations, relays, tickets


def misplaced(connection: Connection, desk: Desk, number: int) -> bool:
    """Whether a card stands before more people than may read it."""
    home = desk.private_room(connection)
    standing = outbox.room_of(connection, f"card:{number}")
    return home is not None and standing not in (None, home) and desk.is_private(connection, number)


def leave(connection: Connection, number: int, now: int) -> bool:
    """Take back the card, its thread, and what quoted it, and let their keys go: the card begins anew elsewhere.

    False while something of it is on its way: then it is noted, and tried again.
    """
    flag = f"move:{number}"
    if relays.under_way(connection, number):
        copies.add(connection, flag, number, source=flag, kind=copies.MOVE, now=now)
        return False
    copies.withdraw(connection, flag, now)
    old = outbox.room_of(connection, f"card:{number}")
    for key in quotations.answers_with(connection, [number]):
        row = relays.row_of(connection, key)
        if row is not None and row.room_id == old:
            retraction.take_back(connection, key, now)
    for key in relays.retire(connection, number, now):
        retraction.take_back(connection, key, now)
    for ticket in tickets.of_incident(connection, number):
        if ticket.reason == tickets.PRIVATE:  # it stood in the card's thread
            for key in (ticket.key, *(one.key for one in relays.edits_of(connection, f"{ticket.key}:"))):
                retraction.take_back(connection, key, now)
    incidents.note(connection, number, "moved", actor=incidents.BOT, now=now)
    return True


def announce(connection: Connection, desk: Desk, number: int, people: Sequence[str], now: int) -> None:
    """The operations room hears that there is something, without a word of what."""
    room = desk.content.rooms.private
    if room is None or desk.officers_room(connection, f"card:{number}") == desk.operations_room(connection):
        return
    urgency = incidents.get(connection, number).urgency
    words = casewords.PRIVATE_ELSEWHERE.format(
        number=number, urgency=urgency, room=escape(room.title), who=" ".join(pill(user) for user in people)
    )
    said = render(words).content(notice=urgency != "darurat")
    if people:
        said["m.mentions"] = {"user_ids": list(people)}
    desk.tell_operations(connection, f"private:{number}", said, now, priority=Priority.CARD)


def call(
    connection: Connection, desk: Desk, number: int, key: str, people: Sequence[str], minutes: int, now: int
) -> None:
    """Nobody has taken it: the operations room hears that as well, since fewer people read in the other."""
    room = desk.content.rooms.private
    if room is None or desk.officers_room(connection, key) == desk.operations_room(connection):
        return
    words = casewords.PRIVATE_WAITS.format(
        number=number, minutes=minutes, room=escape(room.title), who=" ".join(pill(user) for user in people)
    )
    said = render(words).content()
    said["m.mentions"] = {"user_ids": list(people)} if people else {"room": True}
    desk.tell_operations(connection, f"private:{key}", said, now, priority=Priority.WARNING)
