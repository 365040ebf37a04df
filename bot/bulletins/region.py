"""The regency as warnings may name or draw it. Pure."""

from __future__ import annotations

from bot.bulletins.origins import Sources
from bot.feeds.nowcast import Region
from bot.incidents.gazetteer import Gazetteer


def region(sources: Sources, gazetteer: Gazetteer) -> Region | None:
    """From the names in bulletins.yaml and the districts and places of the gazetteer; `None` when it is not named."""
    names = sources.region
    if names is None:
        return None
    return Region(
        names.name,
        gazetteer.districts,
        doubtful=frozenset(name.casefold() for name in names.doubtful),
        longer=names.longer,
        points=names.points
        + tuple(
            (place.latitude, place.longitude)
            for place in gazetteer.places
            if place.districts and place.latitude is not None and place.longitude is not None
        ),
    )
