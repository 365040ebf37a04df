"""Taking personal data away when its time is over (UU 27/2022 on personal data; days in config.yaml).

Goes: texts in the inbox, the outbox and the audit's payloads, the state of old conversations, recordings, whose old
tickets and notices were, and after years the words of closed incidents (`bot.store.aging`). Which column goes when is
listed in `bot.store.personal`. Stays: that something was said and decided, when, and under which rule: the audit chain
is whole afterwards, and `kentongan audit verify` says "dihapus sesuai retensi".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, and_, null, or_, select, update
from sqlalchemy import delete as delete_from

from bot.config import Retention
from bot.store import aging, indexing
from bot.store import audit as chain
from bot.store.audit import Auditor
from bot.store.files import remove
from bot.store.tables import audit, audit_payloads, conversations, inbox, outbox, transmissions

DAY_MS = 24 * 60 * 60 * 1000
WHY = "retensi"
MOST_STEPS = 1000
"""Of rewriting the index in one night; a million entries need some hundred."""


@dataclass(frozen=True)
class Erased:
    """How much went, for the log and the metrics."""

    inbox: int = 0
    outbox: int = 0
    audit: int = 0
    conversations: int = 0
    recordings: int = 0
    incidents: int = 0
    unfiled: int = 0
    """Transcripts of what led to no incident."""
    people: int = 0
    """Names in tickets, notices, blocks and requests."""

    def __bool__(self) -> bool:
        return any(vars(self).values())


def purge(
    connection: Connection,
    auditor: Auditor,
    days: Retention,
    data_dir: Path,
    audio_dir: Path,
    *,
    version: str,
    now: int,
) -> Erased:
    """Everything that is due, in the caller's transaction.

    Recordings go from the disk before their rows say so: a transaction that fails leaves rows that name a missing
    file, and the next night mends them; the other way round a recording would stay for good.
    """
    texts = now - days.messages_days * DAY_MS
    return Erased(
        inbox=erase_inbox(connection, texts, now),
        outbox=erase_outbox(connection, texts),
        audit=erase_audit(connection, auditor, texts, version=version, now=now),
        conversations=forget_conversations(connection, texts),
        recordings=erase_recordings(connection, data_dir, audio_dir, now - days.audio_days * DAY_MS),
        incidents=aging.erase_closed_incidents(connection, now - days.incidents_days * DAY_MS),
        unfiled=aging.erase_unfiled_words(connection, texts),
        people=aging.forget_talks(connection, texts)
        + aging.forget_people(connection, texts)
        + aging.forget_senders(connection, texts),
    )


def erase_inbox(connection: Connection, before: int, now: int) -> int:
    """Texts of events received before `before` and handled; those still waiting for a key are given up.

    What is `new` stays however old it is: it has not been answered, and nobody else will.
    """
    connection.execute(
        update(inbox)
        .where(inbox.c.received_at < before, inbox.c.state == "waiting_key")
        .values(state="failed", handled_at=now)
    )
    result = connection.execute(
        update(inbox)
        .where(
            inbox.c.received_at < before,
            inbox.c.state.in_(("done", "failed")),
            or_(inbox.c.payload.is_not(None), inbox.c.raw.is_not(None), inbox.c.error.is_not(None)),
        )
        .values(payload=null(), raw=null(), error=None)
    )
    return int(result.rowcount)


def erase_outbox(connection: Connection, before: int) -> int:
    """Texts of what was sent, given up or withdrawn, and made before `before`."""
    result = connection.execute(
        update(outbox)
        .where(
            outbox.c.created_at < before,
            outbox.c.state != "queued",
            or_(outbox.c.content.is_not(None), outbox.c.error.is_not(None)),
        )
        .values(content=null(), error=None)
    )
    return int(result.rowcount)


def erase_audit(connection: Connection, auditor: Auditor, before: int, *, version: str, now: int) -> int:
    """Payloads of decisions made before `before`; the rows and their digests stay."""
    due = connection.scalars(
        select(audit.c.id)
        .join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
        .where(audit.c.at < before, audit.c.kind != chain.ERASED, audit_payloads.c.erased_at.is_(None))
    )
    return auditor.erase(connection, list(due), why=WHY, version=version, now=now)


def forget_conversations(connection: Connection, before: int) -> int:
    """Conversations that nobody has continued since `before`: their state holds what was asked and answered."""
    return int(connection.execute(delete_from(conversations).where(conversations.c.updated_at < before)).rowcount)


def erase_recordings(connection: Connection, data_dir: Path, audio_dir: Path, before: int) -> int:
    """Recordings received before `before`: the file, and the key that would open the homeserver's copy.

    A note still in the queue keeps its row's `media`, so that it is not lost to a long outage. Files that no row
    names (the bot was killed between writing one and committing its row) go when they are as old.
    """
    due = and_(
        transmissions.c.received_at < before,
        transmissions.c.state != "queued",
        or_(transmissions.c.media_path.is_not(None), transmissions.c.media.is_not(None)),
    )
    rows = connection.execute(select(transmissions.c.id, transmissions.c.media_path).where(due)).all()
    removed = 0
    for row in rows:
        removed += row.media_path is not None and remove(data_dir, data_dir / row.media_path)
    connection.execute(update(transmissions).where(due).values(media_path=None, media=null()))
    kept = set(connection.scalars(select(transmissions.c.media_path).where(transmissions.c.media_path.is_not(None))))
    return removed + _sweep(data_dir, audio_dir, before, {(data_dir / path).resolve() for path in kept})


def settle(engine: Engine) -> None:
    """Rewrite the search index without what was erased, and empty SQLite's write-ahead log, where it would stand still.

    Outside a transaction; the index goes in short steps, between which the bot gets its turn.
    """
    for _ in range(MOST_STEPS):
        with engine.begin() as connection:
            if not indexing.compact(connection):
                break
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()


def _sweep(data_dir: Path, audio_dir: Path, before: int, kept: set[Path]) -> int:
    removed = 0
    for path in audio_dir.rglob("*") if audio_dir.is_dir() else ():
        if path.is_symlink() or not path.is_file() or path.resolve() in kept:
            continue
        if path.stat().st_mtime * 1000 < before:
            removed += remove(data_dir, path)
    return removed
