"""The card on which officers see a bulletin before it goes out. Pure.

Channels differ in their own name at least. So each text is made with a placeholder for it, and those that say the same
are shown once; of another text only the paragraphs that differ are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.bulletins import deskwords
from bot.bulletins.compose import Composed
from bot.bulletins.moments import full_day
from bot.markup import escape

SHOWN = 6
"""Different texts on one card; more are named and left to `kentongan bulletin preview`."""
LONGEST = 8_000
"""Characters of a card, beyond its first text: it must fit into an event twice (an edit repeats it), encrypted."""
NAMED = 12
"""Channels that are named one by one."""


@dataclass(frozen=True)
class Draft:
    """What one channel is going to hear."""

    title: str
    time: dt.time
    composed: Composed | None
    """With `deskwords.CHANNEL` for the channel's name; `None` when its template is broken."""


def card(title: str, date: dt.date, drafts: Sequence[Draft], copies: int) -> str:
    """The upper part of the card: what goes where and when, and what it was made of. Markdown.

    `copies`: how many people have subscribed.
    """
    groups = _groups(drafts)
    times = sorted({one.time for one in drafts})
    parts = [
        deskwords.CARD.format(
            title=escape(title),
            date=full_day(date),
            time=", ".join(f"{time:%H.%M}" for time in times),
        )
    ]
    first: list[str] = []
    left: list[Draft] = []
    for number, (text, group) in enumerate(groups.items()):
        heading = deskwords.FOR if number == 0 else deskwords.OTHERWISE
        said = heading.format(number=len(group), rooms=_named(group, times))
        if text is None:
            parts.append(f"{said}\n\n{deskwords.BROKEN}")
            continue
        paragraphs = [one for one in text.split("\n\n") if one not in first]
        quoted = _quoted("\n\n".join(paragraphs))
        if number and (number >= SHOWN or len("\n\n".join(parts)) + len(quoted) > LONGEST):
            left += group
            continue
        first = first or text.split("\n\n")
        parts.append(f"{said}\n\n{quoted}")
    if left:
        parts.append(deskwords.TOO_MUCH.format(number=len(left), rooms=_named(left, times)))
    if copies:
        parts.append(deskwords.COPIES.format(number=copies))
    parts += _unconfirmed(drafts)
    parts.append(_sources(drafts))
    return "\n\n".join(part for part in parts if part)


def digest(drafts: Sequence[Draft]) -> str:
    """What all channels are going to hear, and when, in one short word: what an officer agrees to by agreeing."""
    texts = sorted((one.title, f"{one.time:%H:%M}", one.composed.markdown if one.composed else "") for one in drafts)
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]


def _groups(drafts: Sequence[Draft]) -> Mapping[str | None, list[Draft]]:
    """Text → who hears it, the most heard first; what is broken last."""
    found: dict[str | None, list[Draft]] = {}
    for one in drafts:
        found.setdefault(one.composed.markdown if one.composed else None, []).append(one)
    order = sorted(found, key=lambda text: (text is None, -len(found[text])))
    return {text: found[text] for text in order}


def _named(group: Sequence[Draft], times: Sequence[dt.time]) -> str:
    names = [
        escape(one.title) + (f" ({one.time:%H.%M})" if len(times) > 1 else "")
        for one in sorted(group, key=lambda one: one.title)
    ]
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (deskwords.AND_MORE.format(number=more) if more > 0 else "")


def _unconfirmed(drafts: Sequence[Draft]) -> list[str]:
    """What officers may still look through before it goes out; channels hear of what is confirmed alone."""
    number = max((one.composed.unconfirmed for one in drafts if one.composed is not None), default=0)
    return [deskwords.UNCONFIRMED.format(number=number)] if number else []


def _sources(drafts: Sequence[Draft]) -> str:
    used: dict[str, str] = {}
    missing: dict[str, None] = {}
    for one in drafts:
        if one.composed is None:
            continue
        for source in one.composed.used:
            age = deskwords.age(source.age) if source.age is not None else ""
            used.setdefault(source.name, f"{escape(source.name)}{age}")
        missing |= dict.fromkeys(one.composed.missing)
    lines = [deskwords.USED.format(sources=" · ".join(used.values()))] if used else []
    lines += [deskwords.MISSING.format(source=escape(source)) for source in missing]
    return "\n".join(lines)


def _quoted(markdown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in markdown.split("\n"))
