"""How messages of one source hang together: which belong to one chain, and which are out of date by others. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from bot.bulletins.warnings import CANCEL, HELD, SENT, Known, Why


def chain(identifier: str, refers: Collection[str], mine: Iterable[Known]) -> list[Known]:
    """All of the chains that a message belongs to, in the order in which they were decided.

    It may come after what refers to it.
    """
    mine = tuple(mine)
    roots = {one.root for one in mine if one.identifier in refers or identifier in one.refers}
    return [one for one in mine if one.root in roots]


def heard(kin: Sequence[Known]) -> Known | None:
    """The newest of a chain that people heard and that was not taken back."""
    said = [one for one in kin if one.said]
    return said[-1] if said and said[-1].kind != CANCEL else None


def waiting(identifier: str, kin: Sequence[Known]) -> tuple[int, ...]:
    """Ids of those of a chain that wait for officers and are out of date by a message: not those that replace it."""
    newer = {identifier}
    for _ in kin:
        newer |= {one.identifier for one in kin if newer.intersection(one.refers)}
    return tuple(one.id for one in kin if one.state == HELD and one.identifier not in newer)


def outdated(identifier: str, refers: Collection[str], sent: dt.datetime, kin: Sequence[Known]) -> bool:
    """Whether something known has taken a message's place, or was sent after it about the same."""
    related = tied({identifier, *refers}, kin)

    def later(one: Known) -> bool:
        if one.sent_at is None or not (one.identifier in related or one.state == SENT):
            return False  # another that reads the same as one of the chain, and was not said
        return one.sent_at > sent or (one.kind == CANCEL and one.sent_at == sent)

    return any(one.counts and (identifier in one.refers or later(one)) for one in kin)


def tied(refers: Collection[str], kin: Sequence[Known]) -> set[str]:
    """Identifiers that references join with these; others are of a chain because they say the same."""
    found = set(refers)
    for _ in kin:
        for one in kin:
            if one.identifier in found or found.intersection(one.refers):
                found |= {one.identifier, *one.refers}
    return found


def overtaken(identifier: str, refers: Collection[str], kin: Sequence[Known]) -> tuple[Known, list[Known]] | None:
    """What a message that came late joins: (the newest of it, what of it is in force though older)."""
    related = tied({identifier, *refers}, kin)
    mine = [one for one in kin if one.identifier in related and one.counts and one.sent_at is not None]
    last = max(mine, key=lambda one: (one.sent_at, one.kind == CANCEL), default=None)
    in_force = [one for one in mine if one.said and one.state == SENT]
    if last is not None and last.why == Why.REPEATED:
        last = next((one for one in in_force if one.words == last.words), last)
    if last is None or not (last.kind == CANCEL or last in in_force or last.why == Why.REPEATED):
        return None
    older = [one for one in in_force if one.id != last.id]
    return (last, older) if older else None


def newest(mine: Iterable[Known]) -> list[Known]:
    """Of each chain what is in force."""
    return list({one.root: one for one in mine if one.said and one.state == SENT}.values())
