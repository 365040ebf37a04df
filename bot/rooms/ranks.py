"""Whose power a plan leaves as it stands, because we cannot lower it or somebody had a reason. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.rooms.change import Level, Remark
from bot.rooms.found import CREATOR, FoundRoom
from bot.rooms.power import level


@dataclass(frozen=True)
class Ranks:
    """What is left, and what is said of it."""

    keep: dict[str, int]
    """User id → power that goes into m.room.power_levels as it is."""
    stuck: dict[str, int]
    """Those of them who have more than the files give."""
    remarks: tuple[Remark, ...] = ()


def ranks(name: str, there: FoundRoom, me: str, listed: Mapping[str, int], explained: Collection[str]) -> Ranks:
    """`listed`: the powers that the files give; `explained`: people whom an order in force holds down."""
    mine, remarks = there.power(me), []
    # Spec, authorization rules: nobody lowers somebody of equal or higher power.
    equals = {
        user: power
        for user, power in there.powerful().items()
        if mine != CREATOR and mine <= power < CREATOR and user != me
    }
    stuck = {user: power for user, power in equals.items() if listed.get(user, 0) < power}
    if stuck:
        message = f"kuasa {', '.join(sorted(stuck))} setara bot; hanya mereka sendiri yang bisa menurunkannya"
        remarks.append(Remark(name, Level.WARNING, message))
    silenced = _silenced(there, {*listed, *explained})
    if silenced:
        message = f"{', '.join(sorted(silenced))} dibisukan lewat Element, bukan lewat bot; dibiarkan begitu"
        remarks.append(Remark(name, Level.INFO, message))
    return Ranks(equals | silenced, stuck, tuple(remarks))


def _silenced(there: FoundRoom, explained: Collection[str]) -> dict[str, int]:
    """People below everybody whom nothing explains: somebody muted them by hand."""
    users = (there.content("m.room.power_levels") or {}).get("users")
    found = {str(user): level(power, 0) for user, power in users.items()} if isinstance(users, Mapping) else {}
    return {user: power for user, power in found.items() if power < 0 and user not in explained}
