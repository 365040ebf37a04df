"""The word that a voice note waits for its transcript, when that takes long; and its end when the transcript comes.

In a channel the word stands under the key of the answer, and the answer replaces it there by an edit: one message,
not two. In a DM the answer has to ring, so it is a message of its own, and the word is taken back.
"""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import anchors, restating, retraction
from bot.handlers.desk import Desk
from bot.incidents import answers
from bot.markup import render
from bot.outgoing import Priority
from bot.store import inbox, notequeue, relays

MOST = 20
"""Told at once: after an outage hundreds may wait, and their transcripts go before words about waiting."""


def tell(connection: Connection, desk: Desk, now: int) -> int:
    """Tell the senders of notes that have waited long; returns how many were told, each is told once.

    Nobody is told about a note of long ago, or about further words on a report: those are answered with a mark.
    """
    speech = desk.config.speech
    told = 0
    for note in notequeue.waiting_since(
        connection, now - speech.notice_seconds * 1000, sent_since=now - speech.stale_seconds * 1000, limit=MOST
    ):
        event = inbox.event(connection, note.event_id)
        if event is None or anchors.followed(connection, event) is not None:
            continue
        key = f"waiting:{event.event_id}" if event.direct else f"reply:{event.event_id}"
        told += desk.say(connection, event, key, answers.waiting(), now, notice=True, thread=not event.direct)
    return told


def answer(
    connection: Connection, event: IncomingEvent, desk: Desk, markdown: str, now: int, *, last: bool = False
) -> None:
    """The answer to a note, in the place of the word about waiting where there is one.

    `last`: it goes after what others of the room wait for.
    """
    key = f"reply:{event.event_id}"
    if _stands(connection, key):
        restating.replace(connection, key, render(markdown).content(notice=True), "heard", now)
    else:
        priority = Priority.NOTICE if last else Priority.REPLY
        desk.say(connection, event, key, markdown, now, notice=True, thread=not event.direct, priority=priority)


def over(connection: Connection, event: IncomingEvent, now: int) -> None:
    """Nobody waits any more, and no answer takes the word's place: it goes."""
    for key in (f"waiting:{event.event_id}", f"reply:{event.event_id}"):
        if _stands(connection, key):
            retraction.take_back(connection, key, now)


def _stands(connection: Connection, key: str) -> bool:
    """Under that key stands the word about waiting, and nothing has taken its place."""
    row = relays.row_of(connection, key)
    said = render(answers.waiting()).content()["body"]
    return row is not None and row.content.get("body") == said and not relays.edits_of(connection, f"{key}:edit:")
