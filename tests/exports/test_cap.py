from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from exports_world import FLOOD, HIDDEN, NOON, entries

from bot.exports import cap
from bot.exports.cap import Envelope, Message
from bot.exports.entry import Entry
from bot.incidents.lifecycle import Status

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent / "CAP-v1.2.xsd"))
ENVELOPE = Envelope("kentongan@batang.test", NOON, "Kentongan Kabupaten Batang", "Kabupaten Batang", "33.25")
BEFORE = Message("kentongan@batang.test-7-20261121T080000", "2026-11-21T08:00:00+07:00")


def read(document: bytes) -> ElementTree.Element:
    """A valid alert, parsed."""
    SCHEMA.validate(document.decode())
    return ElementTree.fromstring(document)


def texts(root: ElementTree.Element, path: str) -> list[str | None]:
    return [found.text for found in root.findall("/".join(f"{{{cap.NAMESPACE}}}{part}" for part in path.split("/")))]


def test_the_schema_refuses_what_is_no_alert() -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(cap.alert([FLOOD], ENVELOPE).decode().replace("Restricted", "Secret"))


def test_an_incident_is_a_valid_alert_with_area_and_code() -> None:
    root = read(cap.alert([FLOOD], ENVELOPE))
    assert texts(root, "identifier") == ["kentongan@batang.test-7-20261122T120005123"]
    assert texts(root, "sent") == ["2026-11-22T12:00:05+07:00"]
    assert texts(root, "msgType") == ["Alert"]
    assert texts(root, "status") == ["Actual"]
    assert texts(root, "scope") == ["Restricted"]
    assert texts(root, "info/category") == ["Met"]
    assert texts(root, "info/area/areaDesc") == ["Kalimanggis, Kec. Subah, Kabupaten Batang"]
    assert texts(root, "info/area/geocode/value") == ["33.25.09.2008"]
    assert texts(root, "info/area/circle") == ["-6.95,109.87 0"]


def test_without_a_place_the_area_is_the_regency() -> None:
    root = read(cap.alert([replace(FLOOD, place="", codes=(), location=None)], ENVELOPE))
    assert texts(root, "info/area/areaDesc") == ["Kabupaten Batang"]
    assert texts(root, "info/area/geocode/value") == ["33.25"]


@pytest.mark.parametrize(
    ("status", "verified", "certainty"),
    [
        (Status.BARU, False, "Possible"),
        (Status.TERVERIFIKASI, True, "Observed"),
        (Status.DITANGANI, False, "Likely"),
        (Status.DITANGANI, True, "Observed"),
        (Status.TIDAK_TERVERIFIKASI, False, "Unlikely"),
    ],
)
def test_only_a_verified_incident_is_observed(status: Status, verified: bool, certainty: str) -> None:
    root = read(cap.alert([replace(FLOOD, status=status, verified=verified)], ENVELOPE))
    assert texts(root, "info/certainty") == [certainty]


def test_what_is_over_is_past_and_a_drill_is_an_exercise() -> None:
    root = read(cap.alert([replace(FLOOD, status=Status.SELESAI)], replace(ENVELOPE, exercise=True)))
    assert texts(root, "info/urgency") == ["Past"]
    assert texts(root, "status") == ["Exercise"]


def test_an_update_and_a_cancel_refer_to_what_was_sent() -> None:
    reference = [f"kentongan@batang.test,{BEFORE.identifier},{BEFORE.sent}"]
    update = read(cap.alert([replace(FLOOD, status=Status.DITANGANI)], ENVELOPE, [BEFORE]))
    assert (texts(update, "msgType"), texts(update, "references")) == (["Update"], reference)
    cancel = read(cap.alert([replace(FLOOD, status=Status.PALSU)], ENVELOPE, [BEFORE]))
    assert (texts(cancel, "msgType"), texts(cancel, "references")) == (["Cancel"], reference)


def test_what_is_private_never_becomes_an_alert() -> None:
    with pytest.raises(ValueError, match="private"):
        cap.alert([FLOOD, HIDDEN], ENVELOPE)


def test_none_and_many_are_valid_documents_too() -> None:
    assert texts(read(cap.alert([], ENVELOPE)), "info") == []
    assert len(texts(read(cap.alert([FLOOD, replace(FLOOD, id=9)], ENVELOPE)), "info/headline")) == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(entries, max_size=3), st.booleans())
def test_whatever_was_said_the_alert_is_valid(some: list[Entry], updating: bool) -> None:
    read(cap.alert(some, ENVELOPE, [BEFORE] if updating else []))


@given(st.text(max_size=50))
def test_an_identifier_has_none_of_the_forbidden_characters(text: str) -> None:
    assert not set(cap.clean_id(text)) & set(" ,<&")
