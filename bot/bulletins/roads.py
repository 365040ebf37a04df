"""What stands in the way of traffic, as a bulletin tells it: kind, road, district, since when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.bulletins.facts import Obstacle
from bot.bulletins.moments import CLOCK, told

MOST = 5
ROADS = frozenset(("road", "toll", "toll_exit", "junction", "rest_area"))
"""Kinds of the gazetteer whose names may be said; a village or a shop would say more about who it was."""
MOST_ROADS = 2


def roads(places: Iterable[Mapping[str, Any]], district: str | None) -> tuple[str, ...]:
    """Names of roads at the scene, of the stored meanings of an incident's places. What was heard is never repeated."""
    names = [
        str(place["name"])
        for place in places
        if place.get("role") == "scene"
        and place.get("kind") in ROADS
        and (district is None or place.get("district") in (None, district))
    ]
    return tuple(dict.fromkeys(names))[:MOST_ROADS]


def traffic(
    obstacles: Iterable[Obstacle],
    withheld: frozenset[str],
    title: Callable[[str], str],
    at: dt.datetime,
    zone: ZoneInfo,
) -> dict[str, Any] | None:
    """Obstacles with a road or a district, newest first, and how many of which kind are known without either."""
    told_of = [one for one in obstacles if one.category not in withheld]
    placed: dict[tuple[str, tuple[str, ...], str | None], list[Obstacle]] = {}
    loose: dict[str, int] = {}
    for one in sorted(told_of, key=lambda one: one.since, reverse=True):
        if one.roads or one.district:
            placed.setdefault((one.category, one.roads, one.district), []).append(one)
        else:
            loose[one.category] = loose.get(one.category, 0) + 1
    if not placed and not loose:
        return None
    entries = [
        {
            "kind": title(category),
            "roads": list(names),
            "district": district or "",
            "number": len(same),
            "since": told(min(one.since for one in same), at, zone).removeprefix(CLOCK),
        }
        for (category, names, district), same in placed.items()
    ]
    return {
        "entries": entries[:MOST],
        "more": sum(entry["number"] for entry in entries[MOST:]),
        "loose": [{"kind": title(category), "number": loose[category]} for category in sorted(loose, key=title)],
    }
