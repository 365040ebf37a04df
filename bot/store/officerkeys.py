"""Under which cross-signing key each officer is known: the one shown first, or one that somebody vouched for since."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import officer_keys


@dataclass(frozen=True)
class Pin:
    """An officer's key."""

    master_key: str
    refused_key: str | None
    """Another one that came in their name since, and was refused."""


def pinned(connection: Connection, user_id: str) -> Pin | None:
    """The key that somebody is known under."""
    row = connection.execute(select(officer_keys).where(officer_keys.c.user_id == user_id)).first()
    return Pin(row.master_key, row.refused_key) if row else None


def pin(connection: Connection, user_id: str, master_key: str, now: int) -> bool:
    """The first key of a person is theirs; false when they have one."""
    values = {"user_id": user_id, "master_key": master_key, "pinned_at": now}
    return insert_or_ignore(connection, officer_keys, values)


def refuse(connection: Connection, user_id: str, master_key: str) -> bool:
    """Note another key; false when it was noted and told before."""
    other = update(officer_keys).where(
        officer_keys.c.user_id == user_id, officer_keys.c.refused_key.is_distinct_from(master_key)
    )
    return bool(connection.execute(other.values(refused_key=master_key)).rowcount)


def vouch(connection: Connection, user_id: str, master_key: str, *, by: str, now: int) -> bool:
    """The refused key is theirs from now on; false when it is not that one any more."""
    theirs = update(officer_keys).where(officer_keys.c.user_id == user_id, officer_keys.c.refused_key == master_key)
    new = {"master_key": master_key, "refused_key": None, "pinned_at": now, "pinned_by": by}
    return bool(connection.execute(theirs.values(**new)).rowcount)


def replace(connection: Connection, user_id: str, master_key: str, *, known: str | None, by: str, now: int) -> bool:
    """That key is theirs from now on, in place of the `known` one (`None`: they had none); false when it is another."""
    new = {"master_key": master_key, "refused_key": None, "pinned_at": now, "pinned_by": by}
    if known is None:
        return insert_or_ignore(connection, officer_keys, {"user_id": user_id, **new})
    theirs = update(officer_keys).where(officer_keys.c.user_id == user_id, officer_keys.c.master_key == known)
    return bool(connection.execute(theirs.values(**new)).rowcount)
