"""Turns of Chat Pak Polisi as the audit recorded them: who knows better than the citizens what is asked?

A turn is an audit row `dialogue.OUTCOME` whose payload holds text and reply (numbers that name a person are masked
there already). To which conversation it belongs is known by the inbox: room and sender. Payloads that retention has
erased are not turns any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, select

from bot.store.tables import audit, audit_payloads, inbox

KIND = "dialogue."
NO_TURNS = (f"{KIND}joined", f"{KIND}passed")
"""Why a message has no answer of its own: what it said is part of another's turn, or of none."""


@dataclass(frozen=True)
class Turn:
    """One message and what was decided on it."""

    event_id: str
    conversation: str
    """Room and sender; only for keeping turns apart."""
    at: int
    """When it was sent, in milliseconds."""
    text: str
    """Masked."""
    outcome: str
    intent: str | None
    reason: str
    reply: str
    """Markdown, masked: what the flows decided, without what the handlers put around it. In rows that do not tell
    the two apart: as sent."""
    version: str
    """Of the content that decided."""
    private: bool = True
    """Whether an emergency could be offered to the officers."""
    located: bool = False
    """A shared place; its text is empty."""


def recorded(connection: Connection, since: int) -> Iterator[Turn]:
    """Turns decided since then, in the order of deciding."""
    statement = select(
        audit.c.subject,
        audit.c.at,
        audit.c.kind,
        audit.c.content_version,
        cast(audit_payloads.c.payload, Text).label("written"),
        inbox.c.room_id,
        inbox.c.sender,
        inbox.c.sent_at,
    ).order_by(audit.c.id)
    for row in connection.execute(_of(statement, since).execution_options(yield_per=500)):
        payload = _read(row.written)
        text, reply = payload.get("text"), payload.get("decided", payload.get("reply"))
        if not isinstance(text, str) or not isinstance(reply, str):
            continue
        intent = payload.get("intent")
        yield Turn(
            event_id=row.subject,
            # Without its inbox row a turn stands alone.
            conversation=json.dumps([row.room_id or row.subject, row.sender]),
            at=row.at if row.sent_at is None else row.sent_at,
            text=text,
            outcome=row.kind.removeprefix(KIND),
            intent=intent if isinstance(intent, str) else None,
            reason=str(payload.get("reason") or ""),
            reply=reply,
            version=row.content_version,
            private=payload.get("private") is not False,
            located=payload.get("located") is True,
        )


def count(connection: Connection, since: int) -> tuple[int, int]:
    """(turns decided since then, those of them whose payload has been erased)."""
    total = connection.scalar(_of(select(func.count()), since)) or 0
    there = connection.scalar(_of(select(func.count()), since).where(audit_payloads.c.payload.is_not(None))) or 0
    return total, total - there


def _of(statement: Select[Any], since: int) -> Select[Any]:
    joined = audit.outerjoin(audit_payloads, audit.c.id == audit_payloads.c.audit_id).outerjoin(
        inbox, inbox.c.event_id == audit.c.subject
    )
    return statement.select_from(joined).where(
        audit.c.at >= since, audit.c.kind.like(f"{KIND}%"), audit.c.kind.not_in(NO_TURNS)
    )


def _read(written: str | None) -> dict[str, Any]:
    """The payload; empty when erased or, after somebody's tampering, not what we wrote."""
    try:
        payload = json.loads(written or "null")
    except (TypeError, ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
