"""Cards of warnings that wait for officers, or are only theirs to see; what became of one stands on it."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from bot.bulletins.asked import QUAKES
from bot.bulletins.warnings import CANCEL, GRAVE
from bot.handlers import broadcast, restating, warningwords
from bot.handlers.desk import Desk
from bot.incidents.cards import short_name
from bot.markup import escape, render
from bot.outgoing import Priority
from bot.store import warnings
from bot.store.warnings import Warning

_KEY = re.compile(r"warning-held:(\d+)(?::.*)?", re.DOTALL)


def key(number: int) -> str:
    """Outbox key of a card."""
    return f"warning-held:{number}"


def number_of(about: str | None) -> int | None:
    """The warning whose card a message is about, or one of our answers to it."""
    found = _KEY.fullmatch(about or "")
    return int(found[1]) if found else None


def put_up(connection: Connection, desk: Desk, warning: Warning, now: int) -> None:
    """Before the officers, with how they decide it when it is theirs to decide."""
    held = warning.state == warnings.HELD
    parts = [_why(desk, warning)]
    if held:
        invite = warningwords.DECIDE_BY_TWO if for_two(desk, warning) else warningwords.DECIDE
        parts.append(invite.format(rooms=len(broadcast.channels(connection, desk, silent=silent(desk)))))
    content = render("\n\n".join([*parts, _quoted(warning)])).content(notice=not held)
    priority = Priority.WARNING if held else Priority.NOTICE
    desk.tell_operations(connection, key(warning.id), content, now, priority=priority)


def settle(
    connection: Connection, desk: Desk, warning: Warning, became: str, now: int, *, by: str = "", second: str = ""
) -> None:
    """The card says what became of the warning, and invites to nothing any more."""
    names = {"officer": _name(by), "second": _name(second)}
    parts = (warningwords.BECAME[became].format(**names), _why(desk, warning), _quoted(warning))
    restating.replace(connection, key(warning.id), render("\n\n".join(parts)).content(), became, now)


def drop(connection: Connection, desk: Desk, warning: Warning, became: str, now: int) -> bool:
    """It waits no longer, and nobody hears it; false when it was decided before."""
    if not warnings.settle(connection, warning.id, warnings.UNSAID):
        return False
    desk.record(connection, "warning.outdated", str(warning.id), {"why": became}, now)
    settle(connection, desk, warning, became, now)
    return True


def for_two(desk: Desk, warning: Warning) -> bool:
    """Whether it goes out only by the word of two officers."""
    alerting = desk.content.alerting
    # Of a quake it is said in so many words that none is expected.
    speaks = alerting is not None and warning.source != QUAKES and alerting.grave(warning.words or "")
    return speaks or warning.why in GRAVE


def silent(desk: Desk) -> tuple[str, ...]:
    """Names of the channels that hear no sources' warnings."""
    return desk.content.alerting.silent_rooms if desk.content.alerting is not None else ()


def _why(desk: Desk, warning: Warning) -> str:
    ours = desk.content.bulletins.sources.region
    return warningwords.WHY[warning.why or ""].format(region=escape(ours.name) if ours is not None else "")


def _quoted(warning: Warning) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in (warning.words or "").splitlines())
    return f"{warningwords.END}\n\n{quoted}" if warning.kind == CANCEL else quoted


def _name(user: str) -> str:
    return escape(short_name(user)) if user else ""
