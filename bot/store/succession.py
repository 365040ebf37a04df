"""A room that takes another's place (an upgrade, or a channel made anew): what stands in the old one goes on in it.

The homeserver copies power levels, the server list and bans into an upgraded room, and nobody but us knows which of
them are to end, and when.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from bot.outgoing import Action
from bot.store.tables import acts, outbox, protection_switches, strikes

_ABOUT_THE_ROOM = (Action.KICK, Action.BAN, Action.UNBAN, Action.INVITE, Action.STATE)


def succeed(connection: Connection, old: str, new: str) -> None:
    """From now on `new` is what `old` was.

    Only what is about the room moves. A complaint stays where its message stands: its link and a redaction lead there;
    and so do answers in the threads of the old room.
    """
    connection.execute(update(acts).where(acts.c.room_id == old, acts.c.ended_at.is_(None)).values(room_id=new))
    connection.execute(update(strikes).where(strikes.c.room_id == old).values(room_id=new))
    _switches(connection, old, new)
    waiting = outbox.c.state == "queued"
    about = [str(action) for action in _ABOUT_THE_ROOM]
    connection.execute(
        update(outbox).where(waiting, outbox.c.room_id == old, outbox.c.action.in_(about)).values(room_id=new)
    )
    rows = connection.execute(
        select(outbox.c.id, outbox.c.content).where(
            waiting, outbox.c.room_id == old, outbox.c.action == str(Action.EVENT)
        )
    ).all()
    for row in rows:
        if row.content is not None and "m.relates_to" not in row.content:  # a bulletin: for everybody, in no thread
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(room_id=new))


def _switches(connection: Connection, old: str, new: str) -> None:
    """What officers have switched in the new room already is the later word."""
    later = select(protection_switches.c.protection).where(protection_switches.c.room_id == new)
    here = protection_switches.c.room_id == old
    connection.execute(delete(protection_switches).where(here, protection_switches.c.protection.in_(later)))
    connection.execute(update(protection_switches).where(here).values(room_id=new))
