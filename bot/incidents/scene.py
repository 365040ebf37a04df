"""In which district it happened, by the most exact place that a message names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.incidents.mentions import Mention, Role, districts


@dataclass(frozen=True)
class Scene:
    """Where it happened."""

    district: str | None
    because: Mention | None
    rule: str
    """Which rule decided: village, district, road, room …"""


def scene(mentions: Sequence[Mention], room_districts: Sequence[str] = ()) -> Scene:
    """In which district it happened, by the most exact place named."""
    here = [mention for mention in mentions if mention.role is Role.SCENE]
    here = here or [mention for mention in mentions if mention.role is Role.ORIGIN]
    here = [mention for mention in here if mention.meanings[0].kind != "outside" and districts(mention)]
    named = {d for mention in here if _level(mention) == 1 for d in districts(mention) if len(districts(mention)) == 1}
    for level, rule in ((0, "village"), (1, "district"), (2, "road")):
        here_level = [mention for mention in here if _level(mention) == level]
        settled = [mention for mention in here_level if len(districts(mention)) == 1]
        agreeing = [mention for mention in settled if districts(mention) & named]
        if settled:
            if level == 1 and _stretch(settled):
                break  # "Bandar-Blado", "dari Subah sampai Tulis": in none of them alone
            best = (agreeing or sorted(settled, key=lambda mention: -mention.score))[0]
            return Scene(next(iter(districts(best))), best, rule)
        for mention in here_level:
            choices = districts(mention)
            for others in (named, *(districts(other) for other in here if other is not mention)):
                if len(choices & others) == 1:
                    return Scene(next(iter(choices & others)), mention, f"{rule}+beside")
            if len(choices & set(room_districts)) == 1:
                return Scene(next(iter(choices & set(room_districts))), mention, f"{rule}+room")
    return Scene(None, None, "none")


def _stretch(mentions: Sequence[Mention]) -> bool:
    """Whether several districts are named in one breath, one beside the other."""
    pairs = pairwise(mentions)
    return any(second.first - first.last <= 2 and districts(first) != districts(second) for first, second in pairs)


def _level(mention: Mention) -> int:
    return min(place.exactness for place in mention.meanings if place.kind != "outside")
