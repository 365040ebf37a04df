"""A room that takes another's place (an upgrade, or a channel made anew): what stands in the old one goes on in it.

The homeserver copies power levels, the server list and bans into an upgraded room, and nobody but us knows which of
them are to end, and when.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, delete, select, update

from bot.outgoing import REFERENCE, Action
from bot.store import recitations, warnings
from bot.store.bulletins import WATCHED
from bot.store.tables import acts, bulletins, heartbeats, outbox, protection_switches, strikes

_ABOUT_THE_ROOM = (Action.KICK, Action.BAN, Action.UNBAN, Action.INVITE, Action.STATE)


def succeed(connection: Connection, old: str, new: str) -> None:
    """From now on `new` is what `old` was.

    Only what is about the room moves. A complaint stays where its message stands: its link and a redaction lead there;
    and so do answers in the threads of the old room. What is for everybody in it goes to the new one, also where it
    answers an earlier message for everybody: that one stands in the old room, so it is said there by itself.
    """
    connection.execute(update(acts).where(acts.c.room_id == old, acts.c.ended_at.is_(None)).values(room_id=new))
    connection.execute(update(strikes).where(strikes.c.room_id == old).values(room_id=new))
    _switches(connection, old, new)
    _bulletins(connection, old, new)
    waiting = (outbox.c.state == "queued", outbox.c.room_id == old)
    about = [str(action) for action in _ABOUT_THE_ROOM]
    connection.execute(update(outbox).where(*waiting, outbox.c.action.in_(about)).values(room_id=new))
    _messages(connection, old, new)


def _messages(connection: Connection, old: str, new: str) -> None:
    """What is for everybody and waits, with the room in its key; its transaction id stays, which may be under way."""
    waiting = (outbox.c.state == "queued", outbox.c.room_id == old, outbox.c.action == str(Action.EVENT))
    rows = connection.execute(select(outbox.c.id, outbox.c.key, outbox.c.content).where(*waiting)).all()
    keys = {row.key for row in rows}
    names = {key: _renamed(key, old, new) for key in keys}
    there = set(connection.scalars(select(outbox.c.key).where(outbox.c.key.in_(names.values()))))
    had = {key for key, name in names.items() if name != key and name in there}
    for row in rows:
        text = recitations.text_of(row.key)
        content = None if row.content is None else _for_everybody(row.content)
        # What the new room has had by itself it does not get again, and a voice stays beside its text.
        if content is None or row.key in had or text in had or (text != row.key and text not in keys):
            continue
        values = {"room_id": new, "key": names[row.key], "content": content}
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
        connection.execute(update(bulletins).where(bulletins.c.outbox_key == row.key).values(outbox_key=names[row.key]))


def _renamed(name: str, old: str, new: str) -> str:
    """A name that ends with the room."""
    ending = f":{old}"
    return f"{name.removesuffix(ending)}:{new}" if name.endswith(ending) else name


def _for_everybody(content: dict[str, Any]) -> dict[str, Any] | None:
    """A message that stands by itself, or an answer to a warning of ours as one that does; `None` for any other."""
    relation = content.get("m.relates_to")
    if relation is None:
        return content
    answered = (relation.get("m.in_reply_to") or {}).get("event_id") or ""
    alone = set(relation) == {"m.in_reply_to"} and answered.startswith(REFERENCE + warnings.BEGINS)
    return {name: value for name, value in content.items() if name != "m.relates_to"} if alone else None


def _bulletins(connection: Connection, old: str, new: str) -> None:
    """What the channel has had (with its tips) or is to have, and since when it is ours to announce."""
    other = bulletins.alias("other")
    same = and_(other.c.room_id == new, other.c.slot == bulletins.c.slot, other.c.date == bulletins.c.date)
    mine = (bulletins.c.room_id == old, ~select(other.c.id).where(same).exists())
    connection.execute(update(bulletins).where(*mine).values(room_id=new))
    since = heartbeats.c.name.startswith(WATCHED, autoescape=True)
    known = {row.name: row.at for row in connection.execute(select(heartbeats.c.name, heartbeats.c.at).where(since))}
    for name, at in known.items():
        newer, here = _renamed(name, old, new), heartbeats.c.name == name
        if newer == name:
            continue
        if newer in known:  # the new room heard bulletins before it took the name
            connection.execute(delete(heartbeats).where(here))
            earlier = min(at, known[newer])
            connection.execute(update(heartbeats).where(heartbeats.c.name == newer).values(at=earlier))
        else:
            connection.execute(update(heartbeats).where(here).values(name=newer))


def _switches(connection: Connection, old: str, new: str) -> None:
    """What officers have switched in the new room already is the later word."""
    later = select(protection_switches.c.protection).where(protection_switches.c.room_id == new)
    here = protection_switches.c.room_id == old
    connection.execute(delete(protection_switches).where(here, protection_switches.c.protection.in_(later)))
    connection.execute(update(protection_switches).where(here).values(room_id=new))
