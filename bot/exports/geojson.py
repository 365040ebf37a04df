"""GeoJSON (RFC 7946): a point only where a reporter shared one; no position is invented, codes stand beside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.exports.entry import Entry


def write_geojson(entries: Iterable[Entry]) -> Iterator[bytes]:
    """One FeatureCollection, in pieces."""
    yield b'{"type":"FeatureCollection","features":['
    separator = ""
    for entry in entries:
        written = separator + json.dumps(feature(entry), ensure_ascii=False, separators=(",", ":"))
        yield written.encode("utf-8", "replace")
        separator = ",\n"
    yield b"]}\n"


def feature(entry: Entry) -> dict[str, Any]:
    """One incident. Section 3.1.1: a position is longitude first."""
    geometry = None
    if entry.location is not None:
        latitude, longitude = entry.location
        geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {
        "type": "Feature",
        "id": entry.id,
        "geometry": geometry,
        "properties": {
            "time": entry.opened.date().isoformat() if entry.private else entry.opened.isoformat(timespec="seconds"),
            "category": entry.category,
            "title": entry.title,
            "urgency": str(entry.urgency),
            "status": str(entry.status),
            "verified": entry.verified,
            "district": entry.district,
            "place": entry.place,
            "codes": list(entry.codes),
            "reports": entry.reports,
            "channel": entry.channel,
            "private": entry.private,
            "text": entry.text,
        },
    }
