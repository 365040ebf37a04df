"""One incident as it may leave the house: without reporters, personal numbers masked, private matters without words.

Private (violence at home, children, sexual crime) keeps number, day, kind, district and state: enough to count, not
enough to find anybody. Everything that is written anywhere goes through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from bot.incidents.analysis import Analysis
from bot.incidents.lifecycle import Status
from bot.incidents.placeline import place_line
from bot.incidents.rules import Rules, Urgency
from bot.language.mask import mask

PRIVATE_TEXT = ""


class Recorded(Protocol):
    """An incident as the store gives it (`bot.store.incidents.Incident`)."""

    @property
    def id(self) -> int: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def updated_at(self) -> int: ...
    @property
    def category(self) -> str: ...
    @property
    def urgency(self) -> str: ...
    @property
    def district(self) -> str | None: ...
    @property
    def places(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def status(self) -> Status: ...
    @property
    def text(self) -> str: ...
    @property
    def analysis(self) -> Analysis: ...
    @property
    def reports(self) -> int: ...
    @property
    def location(self) -> str | None: ...


@dataclass(frozen=True)
class Entry:
    """One row of any export."""

    id: int
    opened: datetime
    """Local time; of private matters the day alone (its midnight)."""
    updated: datetime
    category: str
    title: str
    cap: str
    """CAP 1.2 <category>."""
    urgency: Urgency
    status: Status
    district: str | None
    place: str
    """In words; "" when nobody said where, and for private matters."""
    codes: tuple[str, ...]
    """Kepmendagri codes of the scene."""
    text: str
    """Masked; "" for private matters and for what was withdrawn."""
    reports: int
    channel: str
    private: bool = False
    verified: bool = False
    """An officer has said that it is so."""
    location: tuple[float, float] | None = None
    """(latitude, longitude) that a reporter shared."""


def entry_of(
    incident: Recorded,
    rules: Rules,
    zone: tzinfo,
    *,
    channel: str = "",
    verified: bool = False,
    districts: Mapping[str, str] | None = None,
) -> Entry:
    """An incident as it may leave the house. `districts`: name → code, for incidents that name no village."""
    row = rules.category(incident.category)
    private = incident.analysis.private or (row is not None and row.private)
    codes = tuple(
        dict.fromkeys(place["code"] for place in incident.places if place["code"] and place["role"] == "scene")
    )
    if incident.district and (private or not codes):
        codes = tuple(code for name, code in (districts or {}).items() if name == incident.district)
    opened, updated = _local(incident.opened_at, zone), _local(incident.updated_at, zone)
    if private:
        opened = opened.replace(hour=0, minute=0, second=0, microsecond=0)
        updated = updated.replace(hour=0, minute=0, second=0, microsecond=0)
    return Entry(
        incident.id, opened, updated, incident.category, rules.title(incident.category),
        row.cap if row is not None else "Other", Urgency(incident.urgency), incident.status, incident.district,
        "" if private else place_line(incident.analysis) or (f"Kec. {incident.district}" if incident.district else ""),
        codes, PRIVATE_TEXT if private else " ".join(mask(incident.text).split()),
        incident.reports, "" if private else channel, private, verified,
        None if private else _position(incident.location),
    )  # fmt: skip


def _position(location: str | None) -> tuple[float, float] | None:
    try:
        latitude, longitude = (float(part) for part in (location or "").split(","))
    except ValueError:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
