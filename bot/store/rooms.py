"""Which room id stands behind each name of the files."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.succession import succeed
from bot.store.tables import groups, inbox, rooms

FORMER = "former"
"""Of a room whose name another one bears now."""


@dataclass(frozen=True)
class KnownRoom:
    """A room that the files name, or named."""

    room_id: str
    name: str
    kind: str
    """space | channel | operations | private | agency_space | former"""
    alias: str | None


def record(connection: Connection, name: str, room_id: str, *, kind: str, alias: str | None, now: int) -> None:
    """From now on `name` means this room; the room that bore the name before stays known as the one that did."""
    bore = rooms.c.name == name, rooms.c.room_id != room_id
    for old in connection.scalars(select(rooms.c.room_id).where(*bore)).all():
        succeed(connection, old, room_id)
    connection.execute(update(rooms).where(*bore).values(name=None, was=name, kind=FORMER, alias=None, updated_at=now))
    values = {"name": name, "was": None, "kind": kind, "alias": alias, "updated_at": now}
    if not insert_or_ignore(connection, rooms, {"room_id": room_id, **values}):
        connection.execute(update(rooms).where(rooms.c.room_id == room_id).values(**values))


def named(connection: Connection) -> dict[str, KnownRoom]:
    """Name → room, for every room that the files name."""
    rows = connection.execute(select(rooms).where(rooms.c.name.is_not(None)))
    return {row.name: _known(row) for row in rows}


def by_name(connection: Connection, name: str) -> KnownRoom | None:
    """The room of that name."""
    row = connection.execute(select(rooms).where(rooms.c.name == name)).first()
    return _known(row) if row else None


def by_id(connection: Connection, room_id: str) -> KnownRoom | None:
    """The room with that id, if the files name it or did; `None` for rooms that they do not know (DMs, groups).

    What a channel was goes on as that channel: what was said there before the upgrade is answered after it, too. Any
    other room has moved away from who is left in the old one, and that is `former`.
    """
    row = connection.execute(select(rooms).where(rooms.c.room_id == room_id)).first()
    if row is None or (row.name is None and row.was is None):
        return None
    if row.name is not None:
        return _known(row)
    current = by_name(connection, row.was)
    kind = current.kind if current is not None and current.kind == "channel" else FORMER
    return KnownRoom(room_id, row.was, kind, None)


def heir(connection: Connection, room_id: str) -> str:
    """The room in which a channel goes on: itself, unless another one bears its name now."""
    was = connection.scalar(select(rooms.c.was).where(rooms.c.room_id == room_id, rooms.c.name.is_(None)))
    current = by_name(connection, was) if was is not None else None
    return current.room_id if current is not None else room_id


def operations(connection: Connection) -> str | None:
    """Room id of the operations room."""
    return connection.scalar(select(rooms.c.room_id).where(rooms.c.kind == "operations", rooms.c.name.is_not(None)))


def private(connection: Connection) -> str | None:
    """Room id of the room for private matters, when there is one."""
    return connection.scalar(select(rooms.c.room_id).where(rooms.c.kind == "private", rooms.c.name.is_not(None)))


def direct_with(connection: Connection, user_id: str) -> str | None:
    """The room in which nobody but that person and we are, as the newest event of each of theirs says.

    An invite only claims so; what is said after somebody came or went tells how it is. A room about which officers were
    asked is none, whoever is left in it.
    """
    said = and_(inbox.c.kind != "invite", inbox.c.payload.is_not(None))
    files = select(rooms.c.room_id).where(or_(rooms.c.name.is_not(None), rooms.c.was.is_not(None)))
    named = files.union(select(groups.c.room_id))
    theirs = (
        select(inbox.c.room_id, func.max(inbox.c.id).label("newest"))
        .where(said, inbox.c.sender == user_id, inbox.c.room_id.not_in(named))
        .group_by(inbox.c.room_id)
        .order_by(func.max(inbox.c.id).desc())
    )
    for row in connection.execute(theirs).all():
        newest = connection.scalar(
            select(inbox.c.payload).where(said, inbox.c.room_id == row.room_id).order_by(inbox.c.id.desc()).limit(1)
        )
        if isinstance(newest, dict) and newest.get("direct"):
            return str(row.room_id)
    return None


def _known(row: Row[tuple[object, ...]]) -> KnownRoom:
    return KnownRoom(row.room_id, row.name, row.kind, row.alias)
