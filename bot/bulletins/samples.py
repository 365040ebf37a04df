"""Made-up values with which every template is tried while loading: full, quiet and absent, so that each branch of a
sensible template is taken."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.bulletins.template import Markdown


def samples(emergency: str) -> list[dict[str, Any]]:
    """Values for templates, one set for each state of affairs."""
    full = _common(emergency) | {
        "late": "12 menit",
        "holiday": "hari libur",
        "holiday_tomorrow": "hari libur",
        "warnings": [_WARNING, _WARNING | {"districts": [], "since": "", "until": "", "advice": ""}],
        "weather": _WEATHER,
        "quakes": {"entries": [_QUAKE, _QUAKE | {"depth": None, "where": ""}], "who": "sumber"},
        "traffic": {"entries": [_WAY, _WAY | {"roads": [], "number": 2}], "more": 1, "loose": [_NUMBER]},
        "incidents": _INCIDENTS,
        "operations": [{"title": "operasi", "text": "isi", "source": "sumber"}],
        "notes": ["catatan"],
        "tip": _TIP,
    }
    nothing = {"categories": [], "districts": [], "verified": 0}
    lacking = _common(emergency) | {
        "incidents": _INCIDENTS | nothing,
        "weather": _WEATHER | {"places": [_NO_WEATHER], "analysed": ""},
        "traffic": {"entries": [], "more": 0, "loose": [_NUMBER]},
        "tip": _TIP,
    }
    quiet = _common(emergency) | {"incidents": _INCIDENTS | nothing}
    # `turn` chooses among a template's greetings: each of a week's is tried.
    return [full, lacking, quiet, *(_common(emergency) | {"turn": turn} for turn in range(1, 8))]


def _common(emergency: str) -> dict[str, Any]:
    return {
        "slot": "pagi",
        "title": "Buletin",
        "room": "Kanal",
        "date": "Minggu, 1 Maret 2026",
        "time": "07.00",
        "turn": 0,
        "late": "",
        "holiday": "",
        "holiday_tomorrow": "",
        "warnings": [],
        "weather": None,
        "quakes": None,
        "traffic": None,
        "incidents": None,
        "operations": [],
        "notes": [],
        "tip": None,
        "words": Markdown("kata petugas"),
        "credits": ["sumber"],
        "emergency": emergency,
    }


_WARNING = {
    "event": "peristiwa",
    "districts": ["kecamatan", "kecamatan"],
    "since": "pukul 14.00",
    "until": "pukul 16.40",
    "advice": "saran",
    "who": "sumber",
}
_NO_WEATHER: dict[str, Any] = {
    "names": ["tempat", "tempat"],
    "skies": [],
    "rain": [],
    "low": None,
    "high": None,
    "wind": None,
}
_WEATHER = {
    "since": "07.00",
    "until": "15.30",
    "places": [
        {
            "names": ["tempat", "tempat"],
            "skies": [
                {"since": "07.00", "words": "berawan", "now": True},
                {"since": "10.00", "words": "hujan", "now": False},
            ],
            "rain": ["10.00–13.00"],
            "low": 25,
            "high": 31,
            "wind": 12,
        },
        _NO_WEATHER,
    ],
    "who": "sumber",
    "analysed": "pukul 19.00 kemarin",
}
_QUAKE = {
    "time": "pukul 04.12",
    "magnitude": "4,6",
    "depth": 12,
    "where": "tempat",
    "intensity": "III",
}
_WAY = {"kind": "kategori", "roads": ["jalan", "jalan"], "district": "", "number": 1, "since": "pukul 05.40"}
_NUMBER = {"kind": "kategori", "number": 2}
_INCIDENTS = {
    "since": "pukul 20.00 kemarin",
    "verified": 2,
    "categories": [{"name": "kategori", "number": 2}],
    "districts": [{"name": "kecamatan", "number": 2}],
}
_TIP = {"text": "tips", "source": "sumber", "checked": dt.date(2026, 1, 1)}
