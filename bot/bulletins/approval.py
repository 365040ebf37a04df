"""What the officers' answers to a preview mean for a slot, read in the transaction that decides it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from bot.bulletins.due import Reason
from bot.bulletins.model import Bulletins
from bot.bulletins.verdict import Answer, Verdict, standing
from bot.store import previews


def verdict(connection: Connection, slot: str, date: str) -> Verdict:
    """What stands; nothing when nobody was asked."""
    preview = previews.get(connection, slot, date)
    return of(preview) if preview else Verdict()


def of(preview: previews.Preview) -> Verdict:
    """What the answers to a preview come to."""
    return standing(Answer.from_json(one) for one in preview.answers)


def judge(
    connection: Connection, bulletins: Bulletins, slot: str, date: dt.date, *, forced: bool = False
) -> tuple[Reason | None, str | None]:
    """(why it is skipped, what is said instead). `forced`: it goes out, whatever was answered.

    Where the files want an officer's word, a slot of which no card was ever put up is skipped as well: nobody could
    have given it.
    """
    found = verdict(connection, slot, date.isoformat())
    if forced:
        return None, found.words
    if found.skipped:
        return Reason.OFFICER, None
    entry = bulletins.slots[slot].preview
    if entry.minutes and found.silent(entry.silence):
        return Reason.UNANSWERED, None
    return None, found.words
