"""Sources as they might have answered; all made up after the documented shapes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from bulletins_world import SHIPPED, ZONE, at

from bot.bulletins import asked
from bot.bulletins.compose import Composed, compose
from bot.bulletins.facts import Facts, Reading, Statistics
from bot.bulletins.loader import load_bulletins
from bot.bulletins.region import region
from bot.feeds.cap import NAMESPACE
from bot.incidents.gazetteer import load_gazetteer

CONTENT = load_bulletins(SHIPPED)
GAZETTEER = load_gazetteer(SHIPPED.parent / "places")
REGION = region(CONTENT.sources, GAZETTEER)
MORNING = at("2026-12-01 07:00")
EVENING_BEFORE = at("2026-11-30 20:00")
AFTERNOON = at("2026-12-01 15:30")
PLACES = CONTENT.sources.forecast.places if CONTENT.sources.forecast else ()

Sky = tuple[str, str, float, float, float]
"""(local time, BMKG's words, °C, mm, km/h)."""
DAY: tuple[Sky, ...] = (
    ("2026-12-01 04:00", "Cerah", 24, 0, 4),
    ("2026-12-01 07:00", "Berawan", 26, 0, 6),
    ("2026-12-01 10:00", "Berawan", 30, 0, 9),
    ("2026-12-01 13:00", "Hujan Ringan", 29, 2, 14),
    ("2026-12-01 16:00", "Hujan Petir", 27, 9, 22),
    ("2026-12-01 19:00", "Berawan", 26, 0, 8),
)


def forecast(skies: tuple[Sky, ...] = DAY, *, analysed: str = "2026-11-30T12:00:00") -> bytes:
    steps = [
        {
            "utc_datetime": f"{at(time).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}",
            "weather_desc": words,
            "t": heat,
            "tp": rain,
            "ws": wind,
            "analysis_date": analysed,
        }
        for time, words, heat, rain, wind in skies
    ]
    return json.dumps({"lokasi": {"kecamatan": "Batang"}, "data": [{"cuaca": [steps]}]}).encode()


def quakes(*entries: tuple[str, str], **more: Any) -> bytes:
    """(local time, where it was felt) each."""
    listed = [
        {"DateTime": at(time).isoformat(), "Magnitude": "4.6", "Kedalaman": "12 km", "Wilayah": "di laut",
         "Dirasakan": felt} | more
        for time, felt in entries
    ]  # fmt: skip
    return json.dumps({"Infogempa": {"gempa": listed}}).encode()


_OUTER = ("sender", "sent", "status", "msgType", "scope", "references")
"""What an alert says before its info, in the order of CAP 1.2."""


def alert(identifier: str = "one", **changes: str) -> bytes:
    """A CAP 1.2 alert for Kab. Batang that holds until 16.40."""
    outer = {"sender": "x@example.invalid", "sent": "2026-12-01T06:00:00+07:00", "status": "Actual", "msgType": "Alert"}
    inner = {
        "language": "id",
        "event": "Hujan Lebat",
        "expires": "2026-12-01T16:40:00+07:00",
        "headline": "",
        "description": "khususnya di Kab. Batang: Blado, Reban; Kab. Kendal: Weleri",
        "instruction": "",
        "severity": "Moderate",
    }
    outer |= {key: changes[key] for key in _OUTER if key in changes}
    inner |= {key: value for key, value in changes.items() if key in inner or key == "onset"}

    def tags(values: Mapping[str, str]) -> str:
        return "".join(f"<{key}>{escape(value)}</{key}>" for key, value in values.items())

    info = f"<info>{tags(inner)}</info>"
    return (
        f'<?xml version="1.0"?><alert xmlns="{NAMESPACE}">{tags({"identifier": identifier} | outer)}{info}</alert>'
    ).encode()


LIST = b'<rss version="2.0"><channel><title>made up</title></channel></rss>'


def good(age: dt.timedelta = dt.timedelta(), *alerts: bytes, now: dt.datetime = MORNING) -> dict[str, Reading]:
    """Every source answered, that long ago."""
    then = now - age
    found = {asked.forecast(place.adm4): Reading(forecast(), then) for place in PLACES}
    found[asked.QUAKES] = Reading(quakes(("2026-11-20 01:00", "II Kendal")), then)
    found[asked.NOWCAST] = Reading(LIST, then)
    found |= {asked.entry(asked.NOWCAST, f"g{number}"): Reading(raw, then) for number, raw in enumerate(alerts)}
    return found


def bulletin(readings: Mapping[str, Reading] | None, *, slot: str = "pagi", **options: Any) -> Composed:
    """This morning's bulletin for a channel, with these answers."""
    room = options.pop("room", "ojol")
    content = options.pop("content", CONTENT)
    title = options.pop("title", str)
    room_title = options.pop("room_title", "Ojol")
    date = options.pop("date", MORNING.date())
    instead = options.pop("instead", None)
    values: dict[str, Any] = {
        "statistics": Statistics(EVENING_BEFORE, MORNING),
        "since": EVENING_BEFORE,
        "until": AFTERNOON,
        "readings": readings,
        "region": REGION,
        "obstacles": (),
        "told": {},
    }
    facts = Facts(options.pop("now", MORNING), **(values | options))
    return compose(
        content, slot, date, facts, room=room, room_title=room_title, zone=ZONE, title=title, instead=instead
    )
