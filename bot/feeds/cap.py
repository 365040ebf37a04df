"""Alerts in CAP 1.2 (OASIS Common Alerting Protocol): BMKG's warnings, and those of any agency that offers them. Pure.

Read with defusedxml: a document that declares entities or a DTD is refused, and so is what is too large. Of several
languages the one that people here read is taken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.feeds.fault import FeedFault

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MOST_BYTES = 1_000_000
LANGUAGES = ("id", "in", "ms")
"""Beginnings of language codes that people here read, the best first ("in" is an old code of Indonesian)."""
ALERT, UPDATE, CANCEL = "Alert", "Update", "Cancel"
_TYPES = frozenset((ALERT, UPDATE, CANCEL))
_WORDS = 2000

Point = tuple[float, float]
"""(latitude, longitude), degrees."""


@dataclass(frozen=True)
class Alert:
    """One message of an alert's life."""

    identifier: str
    sender: str
    sent: dt.datetime
    """Aware, as written."""
    status: str
    """Actual | Exercise | Test | …: only Actual is meant."""
    kind: str
    """Alert | Update | Cancel."""
    scope: str = ""
    """Public | Restricted | Private: only Public may be repeated to everybody."""
    references: tuple[str, ...] = ()
    """Names (`name`) of the messages that this one says it updates or cancels."""
    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    sender_name: str = ""
    web: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    onset: dt.datetime | None = None
    expires: dt.datetime | None = None
    areas: tuple[str, ...] = ()
    polygons: tuple[tuple[Point, ...], ...] = ()

    @property
    def name(self) -> str:
        """What references call it: "sender,identifier". An identifier is unique for its sender only (CAP 1.2)."""
        return f"{self.sender},{self.identifier}"

    @property
    def replaces(self) -> frozenset[str]:
        """Names of what is out of date by it: of its own sender's, since nobody takes back another's word."""
        if self.kind == ALERT:
            return frozenset()
        return frozenset(one for one in self.references if one.startswith(f"{self.sender},")) - {self.name}

    @property
    def meant(self) -> bool:
        """Whether it is for the public, rather than a drill or a test."""
        return self.status == "Actual"

    @property
    def public(self) -> bool:
        """Whether it may be repeated to everybody. An alert that does not say so is the public's (older senders)."""
        return self.scope in ("", "Public")

    def over(self, now: dt.datetime) -> bool:
        """Whether it has expired. An alert without `expires` sets no end itself (CAP 1.2)."""
        return self.expires is not None and self.expires <= now


def parse_alert(raw: bytes) -> Alert:
    """The alert in a document. Raises FeedFault for anything that is not a whole CAP 1.2 alert."""
    if len(raw) > MOST_BYTES:
        raise FeedFault(f"lebih besar dari {MOST_BYTES} bita")
    try:
        root = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FeedFault(f"XML ditolak ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise FeedFault("bukan XML, atau penyandiannya tidak dikenal") from None
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise FeedFault("bukan peringatan CAP 1.2")
    identifier, sent, kind = _word(root, "identifier"), _time(root, "sent"), _word(root, "msgType")
    if not identifier or sent is None or kind not in _TYPES:
        raise FeedFault("tanpa identifier, sent berzona waktu, atau msgType Alert, Update, Cancel")
    info = _readable(list(_children(root, "info")))
    if info is None and kind != CANCEL:
        raise FeedFault("peringatan tanpa info")
    inside = info if info is not None else Element("info")
    areas = list(_children(inside, "area"))
    return Alert(
        identifier=identifier,
        sender=_word(root, "sender"),
        sent=sent,
        status=_word(root, "status"),
        kind=kind,
        scope=_word(root, "scope"),
        references=_references(_word(root, "references")),
        event=_word(inside, "event"),
        headline=_word(inside, "headline"),
        description=_word(inside, "description"),
        instruction=_word(inside, "instruction"),
        sender_name=_word(inside, "senderName"),
        web=_word(inside, "web"),
        urgency=_word(inside, "urgency"),
        severity=_word(inside, "severity"),
        certainty=_word(inside, "certainty"),
        onset=_time(inside, "onset") or _time(inside, "effective"),
        expires=_time(inside, "expires"),
        areas=tuple(word for area in areas if (word := _word(area, "areaDesc"))),
        polygons=tuple(shape for area in areas for one in _children(area, "polygon") if (shape := _polygon(one.text))),
    )


def _readable(infos: Sequence[Element]) -> Element | None:
    """The block in a language that people here read; CAP 1.2: without a language it is English, as a fallback."""

    def rank(info: Element) -> int:
        language = _word(info, "language").casefold()
        return next((at for at, code in enumerate(LANGUAGES) if language.startswith(code)), len(LANGUAGES))

    return min(infos, key=rank, default=None)


def _references(text: str) -> tuple[str, ...]:
    """ "sender,identifier,sent sender,identifier,sent" → names (CAP 1.2, `references`)."""
    triples = (one.split(",") for one in text.split())
    return tuple(f"{one[0]},{one[1]}" for one in triples if len(one) == 3 and one[1])


def _polygon(text: str | None) -> tuple[Point, ...]:
    """ "lat,lon lat,lon …"; a shape of fewer than three sound points is none."""
    points = []
    for pair in (text or "").split():
        try:
            latitude, longitude = (float(part) for part in pair.split(","))
        except ValueError:
            return ()
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            return ()
        points.append((latitude, longitude))
    return tuple(points) if len(points) >= 3 else ()


def _children(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if child.tag == f"{{{NAMESPACE}}}{name}")


def _word(parent: Element, name: str) -> str:
    found: Any = next(_children(parent, name), None)
    return " ".join("".join(found.itertext()).split())[:_WORDS] if found is not None else ""


def _time(parent: Element, name: str) -> dt.datetime | None:
    """CAP 1.2 wants an offset; a time without one could be any hour."""
    try:
        at = dt.datetime.fromisoformat(_word(parent, name))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
