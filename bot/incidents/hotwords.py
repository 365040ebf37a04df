"""Which names of places speech recognition should expect in a room: a hint of a few dozen words.

The hint has room for about 220 tokens of the model, and names that nobody says there are heard into the silence: so a
room's own area comes first, and what was reported from it lately before everything else. Small letters, because a
model that reads capitals in its hint begins to write titles.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.incidents.gazetteer import Gazetteer, Place

LIMIT = 60
"""Names; about 200 tokens of Whisper's."""
_ORDER = {"road": 0, "district": 1, "village": 2}
_NO_HINT = ("regency", "outside")


def choose_hotwords(
    gazetteer: Gazetteer, districts: Sequence[str] = (), recent: Sequence[str] = (), limit: int = LIMIT
) -> list[str]:
    """At most `limit` names, the likeliest first: lately reported, the districts' own, the neighbours' districts.

    `districts`: those of the room, none for the whole regency. `recent`: names of places reported from the room, the
    newest first.
    """
    if limit <= 0:
        return []
    wanted = {name.casefold() for name in districts}
    known = {place.name.casefold() for place in gazetteer.places}

    def near(place: Place) -> bool:
        return not wanted or any(name.casefold() in wanted for name in place.districts)

    def rank(place: Place) -> tuple[bool, int, bool, str]:
        # Whole regency: landmarks before the many villages. A name that is an everyday word is heard without help.
        kind = _ORDER.get(place.kind, 2 if not wanted else 3)
        everyday = bool(gazetteer.cue("".join(place.name.casefold().split())))
        return (place.kind == "village" and not wanted, kind, everyday, place.name)

    places = [place for place in gazetteer.places if place.kind not in _NO_HINT]
    chosen = sorted(filter(near, places), key=rank)
    if wanted:  # a report may still name a neighbour
        chosen += [place for place in places if place.kind == "district" and not near(place)]
    names = [name.casefold() for name in recent if name.casefold() in known]
    names += [place.name.casefold() for place in chosen]
    return list(dict.fromkeys(names))[:limit]
