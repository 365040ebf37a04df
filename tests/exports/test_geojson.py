from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from exports_world import FLOOD, HIDDEN, entries

from bot.exports.entry import Entry
from bot.exports.geojson import write_geojson


def collection(*some: Entry) -> dict[str, Any]:
    """Parsed, and held against RFC 7946 as far as points go (sections 3, 3.1.1, 3.2, 3.3)."""
    found: dict[str, Any] = json.loads(b"".join(write_geojson(some)))
    assert found["type"] == "FeatureCollection"
    for feature in found["features"]:
        assert feature["type"] == "Feature"
        assert isinstance(feature["properties"], dict)
        geometry = feature["geometry"]
        if geometry is not None:
            assert set(geometry) == {"type", "coordinates"}
            longitude, latitude = geometry["coordinates"]
            assert abs(longitude) <= 180
            assert abs(latitude) <= 90
    return found


def test_a_shared_location_is_a_point_longitude_first() -> None:
    [feature] = collection(FLOOD)["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [109.87, -6.95]}
    assert feature["properties"]["codes"] == ["33.25.09.2008"]


def test_without_a_location_there_is_no_geometry_but_codes() -> None:
    [feature] = collection(HIDDEN)["features"]
    assert feature["geometry"] is None
    assert feature["properties"]["codes"] == ["33.25.14"]
    assert feature["properties"]["text"] == feature["properties"]["place"] == ""
    assert feature["properties"]["time"] == "2026-11-22"


def test_nothing_is_an_empty_collection() -> None:
    assert collection()["features"] == []


@given(st.lists(entries, max_size=4))
def test_whatever_was_said_the_collection_is_valid(some: list[Entry]) -> None:
    assert len(collection(*some)["features"]) == len(some)
