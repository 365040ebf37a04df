"""Previews of bulletins and what officers answered: one row for each slot and local date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.inbox import insert_or_ignore
from bot.store.tables import previews


@dataclass(frozen=True)
class Preview:
    """A card that stands before the officers. Times in milliseconds."""

    slot: str
    date: str
    due_at: int
    shown: str
    """The card's upper part, Markdown."""
    digest: str
    """Of all the texts that it stands for."""
    composed_at: int
    answers: tuple[dict[str, Any], ...]
    asked_at: int

    @property
    def key(self) -> str:
        """Outbox key of the card."""
        return key(self.slot, self.date)


def key(slot: str, date: str) -> str:
    """Outbox key of the card of a slot and date."""
    return f"preview:{slot}:{date}"


def of_key(outbox_key: str | None) -> tuple[str, str] | None:
    """(slot, date) that one of our messages is about, the card or a word below it; `None` for any other."""
    parts = (outbox_key or "").split(":")
    return (parts[1], parts[2]) if parts[0] == "preview" and len(parts) >= 3 else None


def ask(connection: Connection, slot: str, date: str, *, due_at: int, shown: str, digest: str, now: int) -> bool:
    """A card is put up; false when there is one."""
    values = {
        "slot": slot, "date": date, "due_at": due_at, "shown": shown, "digest": digest, "composed_at": now,
        "answers": [], "asked_at": now,
    }  # fmt: skip
    return insert_or_ignore(connection, previews, values)


def get(connection: Connection, slot: str, date: str) -> Preview | None:
    """The preview of a slot and date."""
    row = connection.execute(select(previews).where(previews.c.slot == slot, previews.c.date == date)).first()
    return _preview(row) if row else None


def since(connection: Connection, date: str) -> list[Preview]:
    """Those of a local date and later, in order."""
    rows = connection.execute(
        select(previews).where(previews.c.date >= date).order_by(previews.c.due_at, previews.c.slot)
    )
    return [_preview(row) for row in rows]


def answered(connection: Connection, slot: str, date: str, answers: Sequence[dict[str, Any]]) -> None:
    """These are the answers now."""
    _change(connection, slot, date, {"answers": list(answers)})


def shown(connection: Connection, slot: str, date: str, markdown: str, digest: str, now: int) -> None:
    """The card's upper part says this now."""
    _change(connection, slot, date, {"shown": markdown, "digest": digest, "composed_at": now})


def asked(connection: Connection, slot: str, date: str, now: int) -> None:
    """It is put before the officers now, whatever a clock said earlier."""
    _change(connection, slot, date, {"asked_at": now})


def unchanged(connection: Connection, slot: str, date: str, now: int) -> None:
    """What it says is still what would be said."""
    _change(connection, slot, date, {"composed_at": now})


def _change(connection: Connection, slot: str, date: str, values: dict[str, Any]) -> None:
    connection.execute(update(previews).where(previews.c.slot == slot, previews.c.date == date).values(values))


def _preview(row: Any) -> Preview:
    return Preview(
        row.slot, row.date, row.due_at, row.shown, row.digest, row.composed_at, tuple(row.answers or ()), row.asked_at
    )
