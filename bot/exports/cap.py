"""CAP 1.2 (OASIS Standard, 1 July 2010): incidents for other agencies' alerting systems.

One <alert> an incident, or one with an <info> for each where a single document is wanted. What was sent before is
referred to: a changed incident is an Update, one that turned out false or double a Cancel. The scope is Restricted:
an entry of the log is a citizen's word until an officer verifies it, and only then `Observed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from bot.exports.entry import Entry
from bot.incidents.lifecycle import Status
from bot.incidents.rules import Urgency

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RESTRICTION = "Untuk kepolisian dan instansi penanggulangan; catatan warga, bukan Laporan Polisi"
GEOCODE = "ID-Kemendagri"
"""Name of the code system of <geocode>: wilayah administrasi, "33.25.09.2008"."""
CANCELLED = frozenset((Status.PALSU, Status.BUKAN_KEJADIAN, Status.DUPLIKAT))
_URGENCY = {Urgency.DARURAT: "Immediate", Urgency.SEGERA: "Expected", Urgency.INFO: "Unknown"}
_SEVERITY = {Urgency.DARURAT: "Severe", Urgency.SEGERA: "Moderate", Urgency.INFO: "Minor"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_ID = re.compile(r"[\s,<&]+")
MAX_HEADLINE = 160
"""Characters; section 3.2.2, <headline>."""
_STEP, _END = "  ", "</alert>"


@dataclass(frozen=True)
class Message:
    """A CAP message that was made before: what an Update or a Cancel refers to."""

    identifier: str
    sent: str

    def reference(self, sender: str) -> str:
        """Section 3.2.1, <references>: "sender,identifier,sent"."""
        return f"{sender},{self.identifier},{self.sent}"


@dataclass(frozen=True)
class Envelope:
    """What an alert says about itself."""

    sender: str
    """No spaces, commas, < or &: `clean_id` makes it so."""
    sent: datetime
    """With its offset."""
    sender_name: str
    area: str
    """What the area is called when nobody said where."""
    area_code: str | None = None
    exercise: bool = False

    def identifier(self, ids: Sequence[int]) -> str:
        """Of the message about these incidents at this time."""
        what = str(ids[0]) if len(ids) == 1 else "ringkasan"
        return clean_id(f"{self.sender}-{what}-{self.sent:%Y%m%dT%H%M%S}{self.sent.microsecond // 1000:03}")


@dataclass(frozen=True)
class Outline:
    """What an alert says of its entries before it comes to them."""

    ids: Sequence[int]
    ended: Status | None = None
    """State of the first of them, when every one of them is `CANCELLED`."""


def outline(entries: Sequence[Entry]) -> Outline:
    """Of an alert about these entries."""
    ended = bool(entries) and all(entry.status in CANCELLED for entry in entries)
    return Outline([entry.id for entry in entries], entries[0].status if ended else None)


def alert(entries: Sequence[Entry], envelope: Envelope, before: Sequence[Message] = ()) -> bytes:
    """The document. Private entries must not be among them: ValueError."""
    return b"".join(write_alert(entries, outline(entries), envelope, before))


def write_alert(
    entries: Iterable[Entry], about: Outline, envelope: Envelope, before: Sequence[Message] = ()
) -> Iterator[bytes]:
    """The document in pieces, one for each entry: those that `about` names. Raises ValueError at a private one."""
    head = ElementTree.Element("alert", {"xmlns": NAMESPACE})
    cancels = bool(before) and about.ended is not None
    kind = "Cancel" if cancels else "Update" if before else "Alert"
    _add(head, "identifier", envelope.identifier(about.ids))
    _add(head, "sender", clean_id(envelope.sender))
    _add(head, "sent", moment(envelope.sent))
    _add(head, "status", "Exercise" if envelope.exercise else "Actual")
    _add(head, "msgType", kind)
    _add(head, "scope", "Restricted")
    _add(head, "restriction", RESTRICTION)
    if not about.ids:
        _add(head, "note", "Tidak ada kejadian dalam rentang ini.")
    elif cancels:
        _add(head, "note", f"Kejadian #{about.ids[0]}: {about.ended}")
    if before:
        _add(head, "references", " ".join(dict.fromkeys(one.reference(clean_id(envelope.sender)) for one in before)))
    if about.ids:
        _add(head, "incidents", " ".join(str(number) for number in about.ids))
    ElementTree.indent(head, _STEP)
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{_written(head).removesuffix(_END)}'.encode()
    for entry in entries:
        if entry.private:
            raise ValueError("a private incident never goes into an alert")
        info = _info(entry, envelope)
        ElementTree.indent(info, _STEP, level=1)
        yield f"{_STEP}{_written(info)}\n".encode()
    yield f"{_END}\n".encode()


def moment(when: datetime) -> str:
    """Section 3.3.2: seconds, and an offset with a colon, never "Z"."""
    return when.replace(microsecond=0).isoformat()


def clean_id(text: str) -> str:
    """An identifier or sender: sections 3.2.1 forbids spaces, commas, < and &."""
    return _NOT_ID.sub("-", _NOT_XML.sub("", text)).strip("-") or "kentongan"


def certainty(entry: Entry) -> str:
    """`Observed` needs an officer's word."""
    if entry.verified:
        return "Observed"
    if entry.status in CANCELLED or entry.status is Status.TIDAK_TERVERIFIKASI:
        return "Unlikely"
    return "Possible" if entry.status in (Status.BARU, Status.DITINJAU) else "Likely"


def _written(element: ElementTree.Element) -> str:
    written: str = ElementTree.tostring(element, encoding="unicode")
    return written


def _info(entry: Entry, envelope: Envelope) -> ElementTree.Element:
    info = ElementTree.Element("info")
    _add(info, "language", "id-ID")
    _add(info, "category", entry.cap)
    _add(info, "event", entry.title)
    _add(info, "urgency", "Past" if entry.status is Status.SELESAI else _URGENCY[entry.urgency])
    _add(info, "severity", _SEVERITY[entry.urgency])
    _add(info, "certainty", certainty(entry))
    _pair(info, "eventCode", "kentongan:kategori", entry.category)
    _add(info, "onset", moment(entry.opened))
    _add(info, "senderName", envelope.sender_name)
    headline = f"{entry.title}: {entry.place}" if entry.place else entry.title
    _add(info, "headline", headline if len(headline) <= MAX_HEADLINE else headline[: MAX_HEADLINE - 1] + "…")
    if entry.text:
        _add(info, "description", entry.text)
    _pair(info, "parameter", "kentongan:nomor", str(entry.id))
    _pair(info, "parameter", "kentongan:status", str(entry.status))
    _pair(info, "parameter", "kentongan:laporan", str(entry.reports))
    area = ElementTree.SubElement(info, "area")
    _add(area, "areaDesc", ", ".join(dict.fromkeys(part for part in (entry.place, envelope.area) if part)))
    if entry.location is not None:
        latitude, longitude = entry.location
        _add(area, "circle", f"{latitude},{longitude} 0")
    for code in entry.codes or ((envelope.area_code,) if envelope.area_code else ()):
        _pair(area, "geocode", GEOCODE, code)
    return info


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("", text)


def _pair(parent: ElementTree.Element, name: str, key: str, value: str) -> None:
    element = ElementTree.SubElement(parent, name)
    _add(element, "valueName", key)
    _add(element, "value", value)
