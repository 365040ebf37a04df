"""BMKG's list of warnings in force (RSS), and which of them concern a regency. Pure.

Source: data.bmkg.go.id/peringatan-dini-cuaca. The list has one entry for a province; the districts stand only in the
alert's description, under the names of their regencies: "Kab. Batang: Blado, Reban; Kab. Kendal: …".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.feeds.cap import MOST_BYTES, Alert, Point
from bot.feeds.fault import FeedFault

MOST_ITEMS = 200


@dataclass(frozen=True)
class Item:
    """An entry of the list."""

    title: str
    link: str
    """Where its CAP alert is."""
    guid: str
    published: dt.datetime | None


@dataclass(frozen=True)
class Region:
    """A regency as alerts name it."""

    name: str
    """Without its kind: "Batang"."""
    districts: tuple[str, ...]
    doubtful: frozenset[str] = frozenset()
    """Districts (casefolded) whose names other regencies have as well: alone they say nothing."""
    longer: tuple[str, ...] = ()
    """Other regencies whose names begin with this one's: "Batang Hari"."""
    points: tuple[Point, ...] = ()
    """Places in it, for alerts that come with a shape."""


@dataclass(frozen=True)
class Concern:
    """What an alert says of a region."""

    districts: tuple[str, ...]
    """Those named, in the region's order; none: the region as a whole, or a shape over it."""
    why: str
    """For the preview and the audit."""
    sure: bool = True
    """False: it may as well be about somebody else."""


def parse_list(raw: bytes) -> tuple[Item, ...]:
    """The entries of the list. Raises FeedFault when it is no RSS."""
    if len(raw) > MOST_BYTES:
        raise FeedFault(f"lebih besar dari {MOST_BYTES} bita")
    try:
        fromstring(raw, forbid_dtd=True)  # feedparser is lenient, and lets through what should not be read at all
    except DefusedXmlException as error:
        raise FeedFault(f"XML ditolak ({type(error).__name__})") from None
    except Exception:
        raise FeedFault("bukan XML, atau penyandiannya tidak dikenal") from None
    found = feedparser.parse(raw)
    if not found.version:
        raise FeedFault("bukan daftar RSS atau Atom")
    items = [_item(entry) for entry in found.entries[:MOST_ITEMS]]
    return tuple(item for item in items if item.link.startswith("https://"))


def concerns(alert: Alert, region: Region) -> Concern | None:
    """Whether and how an alert concerns a region; `None` when nothing in it says so."""
    text = " ".join((alert.headline, alert.description, *alert.areas))
    before, parts = _by_regency(text)
    ours = [words for words in parts if _names(words, region)]
    if ours:
        named = _named(" ".join(words[len(region.name) :] for words in ours), region.districts)
        return Concern(named, f"menyebut {region.name}")
    if alert.polygons and region.points:
        inside = any(_inside(point, shape) for point in region.points for shape in alert.polygons)
        # Other regencies are named and ours is not: then the shape is a rough one.
        return Concern((), "wilayahnya di peta", sure=not parts) if inside else None
    loose = _named(before, region.districts)
    sure = [name for name in loose if name.casefold() not in region.doubtful]
    # A name that several regencies have is one of ours only in the company of one that nobody else has.
    return Concern(loose, "menyebut kecamatan", sure=False) if sure else None


_KIND = re.compile(r"\b(?:kab(?:upaten)?|kota)\b\.?\s*", re.IGNORECASE)


def _by_regency(text: str) -> tuple[str, list[str]]:
    """(words before the first regency, for each regency its name with the words up to the next one)."""
    before, *parts = _KIND.split(text)
    return before, parts


def _names(words: str, region: Region) -> bool:
    """Whether words begin with the region's name, and not with a longer one."""

    def begins(name: str) -> bool:
        return re.match(rf"{re.escape(name)}\b", words, re.IGNORECASE) is not None

    return begins(region.name) and not any(begins(name) for name in region.longer)


def _named(text: str, districts: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in districts if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE))


def _inside(point: Point, shape: tuple[Point, ...]) -> bool:
    """Whether a point lies in a polygon: a ray from it crosses the outline an odd number of times."""
    latitude, longitude = point
    inside = False
    for (a_lat, a_lon), (b_lat, b_lon) in zip(shape, (*shape[1:], shape[0]), strict=True):
        if (a_lat > latitude) != (b_lat > latitude):
            crossing = a_lon + (latitude - a_lat) / (b_lat - a_lat) * (b_lon - a_lon)
            inside ^= longitude < crossing
    return inside


def _item(entry: Any) -> Item:
    published = None
    try:
        published = parsedate_to_datetime(str(entry.get("published", "")))
    except ValueError:
        published = None
    link = str(entry.get("link", "")).strip()
    return Item(str(entry.get("title", "")).strip()[:300], link, str(entry.get("id", "")) or link, published)
