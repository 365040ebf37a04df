"""Whether an order comes from the officer's own, signed device: what a homeserver alone cannot make up."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from bot.event import IncomingEvent, Trust
from bot.handlers import callwords
from bot.handlers.desk import Desk
from bot.store.inbox import insert_or_ignore
from bot.store.tables import officer_keys


def proof(connection: Connection, event: IncomingEvent, desk: Desk, now: int) -> str | None:
    """`None` when the event is proven, else the words that say what is missing.

    Encrypted by a known device, which is signed under the sender's master key, which is the one they showed first.
    """
    if not event.encrypted_room or event.trust is not Trust.DEVICE:
        return callwords.NOT_PROVEN
    if event.master_key is None:
        return callwords.UNSIGNED
    insert_or_ignore(
        connection, officer_keys, {"user_id": event.sender, "master_key": event.master_key, "pinned_at": now}
    )
    pinned = connection.scalar(select(officer_keys.c.master_key).where(officer_keys.c.user_id == event.sender))
    if pinned != event.master_key:
        mine = officer_keys.c.user_id == event.sender
        connection.execute(update(officer_keys).where(mine).values(refused_key=event.master_key))
        return callwords.OTHER_KEY
    return None
