"""Taking personal data away when its time is over (UU 27/2022 on personal data; days in config.yaml).

Goes: texts in the inbox, the outbox and the audit's payloads, the state of old conversations, recordings, whose old
tickets and notices were, and after years the words of closed incidents (`bot.store.aging`). Which column goes when is
listed in `bot.store.personal`. Stays: that something was said and decided, when, and under which rule: the audit chain
is whole afterwards, and `kentongan audit verify` says "dihapus sesuai retensi". Recordings that an officer keeps
(`bot.store.keepings`) stay with the words that belong to them.

Each function takes a `span` of rows, so that a night's work can be done in short transactions (`bot.store.night`).
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, and_, exists, null, or_, select, tuple_, update
from sqlalchemy import delete as delete_from

from bot.event import Kind
from bot.store import audit as chain
from bot.store import indexing, keepings
from bot.store.audit import Auditor
from bot.store.database import reading
from bot.store.files import remove
from bot.store.spans import Span, within
from bot.store.tables import audit, audit_payloads, conversations, inbox, outbox, transmissions

DAY_MS = 24 * 60 * 60 * 1000
WHY = "retensi"
MOST_STEPS = 1000
"""Of rewriting the index in one night; a million entries need some hundred."""
_PARAMETERS = 500
ATTACHED = (Kind.AUDIO, Kind.IMAGE, Kind.FILE)
"""Kinds of events that come with a file."""
_ABOUT = ("msgtype", "m.relates_to", "m.mentions")
"""What of such an event says where it belongs, and opens nothing."""


def erase_inbox(connection: Connection, before: int, now: int, span: Span | None = None) -> int:
    """Texts of events received before `before` and handled; those still waiting for a key are given up.

    What is `new` stays however old it is: it has not been answered, and nobody else will.
    """
    connection.execute(
        update(inbox)
        .where(within(inbox.c.id, span), inbox.c.received_at < before, inbox.c.state == "waiting_key")
        .values(state="failed", handled_at=now)
    )
    result = connection.execute(
        update(inbox)
        .where(
            within(inbox.c.id, span),
            inbox.c.received_at < before,
            inbox.c.state.in_(("done", "failed")),
            or_(inbox.c.payload.is_not(None), inbox.c.raw.is_not(None), inbox.c.error.is_not(None)),
        )
        .values(payload=null(), raw=null(), error=None)
    )
    return int(result.rowcount)


def erase_outbox(connection: Connection, before: int, span: Span | None = None) -> int:
    """Texts of what was sent, given up or withdrawn, and made before `before`."""
    result = connection.execute(
        update(outbox)
        .where(
            within(outbox.c.id, span),
            outbox.c.created_at < before,
            outbox.c.state != "queued",
            or_(outbox.c.content.is_not(None), outbox.c.error.is_not(None)),
        )
        .values(content=null(), error=None)
    )
    return int(result.rowcount)


def erase_audit(
    connection: Connection, auditor: Auditor, before: int, span: Span | None = None, *, version: str, now: int
) -> int:
    """Payloads of decisions made before `before`; the rows and their digests stay."""
    due = connection.scalars(
        select(audit.c.id)
        .join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
        .where(
            within(audit.c.id, span),
            audit.c.at < before,
            audit.c.kind != chain.ERASED,
            audit_payloads.c.erased_at.is_(None),
        )
    )
    return auditor.erase(connection, list(due), why=WHY, version=version, now=now)


def forget_conversations(connection: Connection, before: int, limit: int | None = None) -> int:
    """Conversations that nobody has continued since `before`: their state holds what was asked and answered."""
    key = tuple_(conversations.c.room_id, conversations.c.user_id)
    old = select(conversations.c.room_id, conversations.c.user_id).where(conversations.c.updated_at < before)
    return int(connection.execute(delete_from(conversations).where(key.in_(old.limit(limit)))).rowcount)


def erase_recordings(connection: Connection, data_dir: Path, before: int, now: int, span: Span | None = None) -> int:
    """Recordings received before `before`: the file, and the key that would open the homeserver's copy.

    A note still in the queue keeps its row's `media`, so that it is not lost to a long outage; what an officer keeps
    stays. Files go from the disk before their rows say so: a transaction that fails leaves rows that name a missing
    file, and the next night mends them; the other way round a recording would stay for good.
    """
    due = and_(
        within(transmissions.c.id, span),
        transmissions.c.received_at < before,
        transmissions.c.state != "queued",
        or_(transmissions.c.media_path.is_not(None), transmissions.c.media.is_not(None)),
        ~keepings.kept(transmissions.c.id, now),
    )
    rows = connection.execute(select(transmissions.c.id, transmissions.c.media_path).where(due)).all()
    removed = 0
    for row in rows:
        removed += row.media_path is not None and remove(data_dir, data_dir / row.media_path)
    numbers = [row.id for row in rows]
    for start in range(0, len(numbers), _PARAMETERS):
        connection.execute(
            update(transmissions)
            .where(transmissions.c.id.in_(numbers[start : start + _PARAMETERS]))
            .values(media_path=None, media=null())
        )
    return removed


def erase_ways(connection: Connection, before: int, now: int, span: Span | None = None) -> int:
    """What opens the homeserver's copy of an attachment received before `before`: its address and key in the inbox.

    They go with the recordings, not with the texts. A note still in the queue and what an officer keeps stay as above.
    """
    note = exists().where(
        transmissions.c.event_id == inbox.c.event_id,
        or_(transmissions.c.state == "queued", keepings.kept(transmissions.c.id, now)),
    )
    rows = connection.execute(
        select(inbox.c.id, inbox.c.payload).where(
            within(inbox.c.id, span),
            inbox.c.received_at < before,
            inbox.c.state.in_(("done", "failed")),
            inbox.c.kind.in_(ATTACHED),
            inbox.c.payload["media"]["url"].as_string().is_not(None),
            ~note,
        )
    ).all()
    for row in rows:
        content = {name: value for name, value in row.payload["content"].items() if name in _ABOUT}
        closed = {**row.payload, "media": None, "content": content}
        connection.execute(update(inbox).where(inbox.c.id == row.id).values(payload=closed))
    return len(rows)


def erase_carried(connection: Connection, before: int, span: Span | None = None) -> int:
    """The same in what we sent on: an officer's voice in a reporter's room is the same file with the same key."""
    rows = connection.execute(
        select(outbox.c.id, outbox.c.content).where(
            within(outbox.c.id, span),
            outbox.c.created_at < before,
            outbox.c.state != "queued",
            or_(
                outbox.c.content["file"]["url"].as_string().is_not(None),
                outbox.c.content["url"].as_string().is_not(None),
            ),
        )
    ).all()
    for row in rows:
        closed = {name: value for name, value in row.content.items() if name not in ("file", "url")}
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(content=closed))
    return len(rows)


def sweep(engine: Engine, data_dir: Path, audio_dir: Path, before: int) -> int:
    """Old files that no row names go: the bot was killed between writing one and committing its row.

    No transaction waits for the disk: a file as old as that belongs to no row that is being written.
    """
    with reading(engine) as connection:
        named = named_files(connection)
    return sweep_files(data_dir, audio_dir, before, named)


def named_files(connection: Connection) -> frozenset[str]:
    """The recordings that rows name, relative to the data folder."""
    return frozenset(
        connection.scalars(select(transmissions.c.media_path).where(transmissions.c.media_path.is_not(None)))
    )


def sweep_files(data_dir: Path, audio_dir: Path, before: int, named: frozenset[str]) -> int:
    """Remove what is older than `before` (milliseconds) and not named; returns how many files."""
    kept = {(data_dir / path).resolve() for path in named}
    removed = 0
    for path in audio_dir.rglob("*") if audio_dir.is_dir() else ():
        if path.is_symlink() or not path.is_file() or path.resolve() in kept:
            continue
        if path.stat().st_mtime * 1000 < before:
            removed += remove(data_dir, path)
    return removed


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
