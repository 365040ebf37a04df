"""Whether an officer may do something in one room by a reaction: asked and answered as it is for an order."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.event import IncomingEvent
from bot.handlers import sites
from bot.handlers.desk import Desk
from bot.handlers.exempt import why_exempt
from bot.handlers.officers import officer
from bot.moderation import words
from bot.moderation.authority import Refusal, Why, judge, judge_target
from bot.moderation.verbs import Right


def refusal_of(
    connection: Connection, desk: Desk, event: IncomingEvent, right: Right, room_id: str, target: str | None = None
) -> Refusal | None:
    """Why they may not; `None` when they may. Without `target` nobody is hit: something is only taken back."""
    room = desk.room(connection, room_id)
    people = (event.sender, desk.me) + ((target,) if target is not None else ())
    site = sites.site(connection, desk, room.name, people) if room is not None else None
    if site is None:
        return Refusal(Why.ROOM_UNKNOWN, room.title if room is not None else room_id)
    one = officer(connection, desk, event)
    refusal = judge(one, event.sender, right, desk.content.moderation, site.room, site.found, me=desk.me)
    if refusal is not None or target is None or site.found is None:
        return refusal
    return judge_target(event.sender, target, site.room, site.found, why_exempt(desk), me=desk.me)


def explained(desk: Desk, refusal: Refusal) -> str:
    """Why not, and what helps, in Markdown."""
    return words.REFUSED[refusal.why].format(
        room=f"**{refusal.room}**", target=sites.person(desk, refusal.target), has=refusal.has, needs=refusal.needs,
        right=refusal.right or "",
    )  # fmt: skip
