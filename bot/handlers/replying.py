"""What an officer hears about an order, and where: in the operations room in words, in a channel by a sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import sites
from bot.handlers.desk import Desk
from bot.handlers.permission import explained
from bot.handlers.routing import RoomKind
from bot.markup import escape, render
from bot.moderation import words
from bot.moderation.authority import Refusal
from bot.outgoing import Outgoing
from bot.rooms.found import CREATOR
from bot.store import outbox

DONE = "👌"
"""What the bot puts on an order in a channel that it has carried out."""


@dataclass(frozen=True)
class Deed:
    """What became of one part of an order."""

    line: str
    """For officers, in Markdown."""
    done: bool = True
    """False when it was so already, or nothing could be done."""


@dataclass(frozen=True)
class Reply:
    """The way back to an officer's message."""

    connection: Connection
    desk: Desk
    event: IncomingEvent
    now: int

    @property
    def inside(self) -> bool:
        """Whether it was said in a channel."""
        return self.desk.room_kind(self.connection, self.event.room_id) is RoomKind.CHANNEL

    def say(self, markdown: str) -> None:
        """Under their message, where they said it."""
        key = f"reply:{self.event.event_id}"
        self.desk.say(self.connection, self.event, key, markdown, self.now, notice=True, thread=self.inside)

    def refuse(self, refusal: Refusal) -> None:
        """Why it is not done, by what it would be; audited."""
        payload = {
            "officer": self.event.sender, "why": str(refusal.why), "room": refusal.room, "target": refusal.target,
            "has": min(refusal.has, CREATOR), "needs": refusal.needs, "right": str(refusal.right or ""),
        }  # fmt: skip
        self.desk.record(self.connection, "order.refused", self.event.event_id, payload, self.now)
        text = f"{explained(self.desk, refusal)} {words.TAIL}"
        if refusal.target:
            self.discreetly(text)
        else:
            self.say(text)

    def done(self, deeds: Sequence[Deed]) -> bool:
        """What was done: told to all officers, and in a channel no more than a sign; false when it was nothing."""
        text = "\n".join(f"- {one.line}" for one in deeds) if len(deeds) > 1 else "".join(one.line for one in deeds)
        something = any(one.done for one in deeds)
        if not self.inside:
            self.say(text)
        elif something:
            self.sign()
            before = words.BY.format(by=sites.person(self.desk, self.event.sender))
            self.tell(before + ("\n\n" if len(deeds) > 1 else "") + text)
        else:
            self.discreetly(text)
        return something

    def sign(self, event: IncomingEvent | None = None) -> None:
        """It is done; on the order itself when that is another message than the one that is answered."""
        order = event or self.event
        relation = {"rel_type": "m.annotation", "event_id": order.event_id, "key": DONE}
        done = Outgoing(f"done:{order.event_id}", order.room_id, {"m.relates_to": relation}, type="m.reaction")
        outbox.append(self.connection, done, self.now)

    def privately(self, markdown: str) -> None:
        """What is about people: in the operations room, wherever it was asked."""
        if not self.inside:
            self.say(markdown)
            return
        self.sign()
        self.tell(f"{escape(self.event.sender)}:\n\n{markdown}")

    def discreetly(self, markdown: str) -> bool:
        """What names people and waits for the officer, or was not done: in a channel no more than where it stands.

        False when it was said in a channel and there is no operations room to say it in.
        """
        if not self.inside:
            self.say(markdown)
            return True
        before = words.BY.format(by=sites.person(self.desk, self.event.sender))
        told = self.tell(f"{before}\n\n{markdown}", calling=True)
        self.say(words.SEE_OPERATIONS if told else words.NO_OPERATIONS)
        return told

    def tell(self, markdown: str, *, calling: bool = False) -> bool:
        """In the operations room: without a sound, or calling the officer there."""
        content = render(markdown).content(notice=not calling)
        if calling:
            content["m.mentions"] = {"user_ids": [self.event.sender]}
        return self.desk.tell_operations(self.connection, f"ordered:{self.event.event_id}", content, self.now)
