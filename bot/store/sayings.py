"""What one person said in one room lately, as far as it came to us and still stands."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from bot.event import Kind
from bot.store.tables import inbox, outbox, transmissions

_SAID = (Kind.TEXT, Kind.NOTICE, Kind.AUDIO, Kind.IMAGE, Kind.FILE, Kind.LOCATION, Kind.UNREADABLE, Kind.OTHER)
_STATELESS = inbox.c.payload["state_key"].as_string().is_(None)
_BATCH = 400


def last(connection: Connection, room_id: str, sender: str, count: int) -> list[str]:
    """Event ids of the newest messages of a person that may go and that nobody has taken back, newest first; edits are
    none.

    In encrypted rooms, too: what could not be opened has an id all the same.
    """
    taken = _taken_back(connection, room_id) | set(_irreplaceable(connection, room_id, sender))
    rows = connection.execute(
        select(inbox.c.event_id)
        .where(inbox.c.room_id == room_id, inbox.c.sender == sender, inbox.c.kind.in_(_SAID), _STATELESS)
        .order_by(inbox.c.id.desc())
        .limit(count + len(taken))
    )
    return [row.event_id for row in rows if row.event_id not in taken][:count]


def spared(connection: Connection, room_id: str, sender: str, going: Sequence[str]) -> int:
    """How many messages stay that are as new as those that go: the channel is the only place where they are."""
    oldest = connection.scalar(select(func.min(inbox.c.id)).where(inbox.c.event_id.in_(list(going))))
    stay = _irreplaceable(connection, room_id, sender)
    taken = _taken_back(connection, room_id)
    return sum(one not in taken and (oldest is None or number > oldest) for one, number in stay.items())


def with_edits(connection: Connection, room_id: str, event_ids: Sequence[str]) -> list[str]:
    """These and all their edits: an edit left behind would show the words again."""
    originals = select(inbox.c.event_id, inbox.c.sender).where(inbox.c.event_id.in_(list(event_ids)))
    senders = {row.event_id: row.sender for row in connection.execute(originals)}
    rows = connection.execute(
        select(inbox.c.event_id, inbox.c.sender, inbox.c.payload["target"].as_string().label("target")).where(
            inbox.c.room_id == room_id, inbox.c.kind == Kind.EDIT, inbox.c.sender.in_(set(senders.values()))
        )
    )
    return [*event_ids, *(row.event_id for row in rows if senders.get(row.target) == row.sender)]


def before(connection: Connection, room_id: str, sender: str, event_id: str, *, since: int) -> str | None:
    """The newest other message of a person sent there since then and before this one, which still stands."""
    number = select(inbox.c.id).where(inbox.c.event_id == event_id).scalar_subquery()
    rows = connection.scalars(
        select(inbox.c.event_id)
        .where(
            inbox.c.room_id == room_id, inbox.c.sender == sender, inbox.c.kind.in_(_SAID), inbox.c.sent_at > since,
            inbox.c.id < number, _STATELESS,
        )
        .order_by(inbox.c.id.desc())
        .limit(_BATCH)
    ).all()  # fmt: skip
    swept = set(connection.scalars(select(outbox.c.key).where(outbox.c.key.in_([f"sweep:{one}" for one in rows]))))
    return next((one for one in rows if f"sweep:{one}" not in swept), None)


def _irreplaceable(connection: Connection, room_id: str, sender: str) -> dict[str, int]:
    """Event id → inbox row of somebody's reports of which nothing would be left: a photo or file, of which we keep no
    copy, and a voice note that waits to be heard."""
    seen = inbox.c.kind.in_((Kind.IMAGE, Kind.FILE))
    waits = (inbox.c.kind == Kind.AUDIO) & (transmissions.c.state == "queued")
    rows = connection.execute(
        select(inbox.c.event_id, inbox.c.id)
        .join(transmissions, transmissions.c.event_id == inbox.c.event_id)
        .where(transmissions.c.sender == sender, inbox.c.room_id == room_id, seen | waits)
    )
    return {row.event_id: row.id for row in rows}


def _taken_back(connection: Connection, room_id: str) -> set[str]:
    """What was redacted in a room, or will be by us."""
    theirs = connection.scalars(
        select(inbox.c.payload["target"].as_string()).where(
            inbox.c.room_id == room_id, inbox.c.kind == Kind.REDACTION, inbox.c.payload.is_not(None)
        )
    )
    ours = connection.scalars(
        select(outbox.c.content["event_id"].as_string()).where(
            outbox.c.room_id == room_id, outbox.c.action == "redaction", outbox.c.state.in_(("queued", "sent"))
        )
    )
    return {one for one in (*theirs, *ours) if one is not None}
