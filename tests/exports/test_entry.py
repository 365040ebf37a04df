from __future__ import annotations

import sys
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from incident_world import ANALYSER, NOON

from bot.exports.entry import Entry, entry_of
from bot.incidents.lifecycle import Status
from bot.store.incidents import Incident

ZONE = ZoneInfo("Asia/Jakarta")
CODES = {"Subah": "33.25.09", "Pecalungan": "33.25.14"}


def made(text: str, **changes: object) -> Entry:
    analysis = ANALYSER.analyse(text)
    values: dict[str, object] = {
        "id": 1, "opened_at": NOON, "updated_at": NOON, "room_id": "!ojol", "category": analysis.category,
        "urgency": str(analysis.urgency), "district": analysis.district, "status": Status.BARU, "claimed_by": "@p:x",
        "places": tuple(analysis.to_json()["places"]), "text": text, "analysis": analysis, "content_version": "v",
        "location": "-6.95,109.87", **changes,
    }  # fmt: skip
    return entry_of(Incident(**values), ANALYSER.rules, ZONE, channel="ojol", districts=CODES)  # type: ignore[arg-type]


def test_personal_numbers_do_not_leave_the_house() -> None:
    entry = made("banjir di Kalimanggis, hp 081234567890, plat G 1234 AB, KTP 3325011234567890")
    assert entry.text == "banjir di Kalimanggis, hp [nomor], plat [plat], KTP [nomor]"
    assert entry.codes == ("33.25.09.2008",)
    assert entry.location == (-6.95, 109.87)


def test_violence_at_home_leaves_without_words_place_hour_and_position() -> None:
    entry = made("tolong suami pukuli istri KDRT di Desa Gumawang rumah pak Slamet")
    assert entry.private
    assert (entry.text, entry.place, entry.channel, entry.location) == ("", "", "", None)
    assert entry.codes == ("33.25.14",)
    assert f"{entry.opened:%H:%M}" == f"{entry.updated:%H:%M}" == "00:00"
    assert "Slamet" not in repr(entry)
    assert "Gumawang" not in repr(entry)


def test_what_an_officer_puts_into_a_private_category_is_private_from_then_on() -> None:
    assert made("orang dipukuli di Subah", category="kdrt").private


def test_a_district_alone_has_its_own_code() -> None:
    assert made("banjir di Subah", places=()).codes == ("33.25.09",)
    assert made("banjir entah di mana", places=(), district=None).codes == ()


def test_a_position_that_is_none_on_earth_is_left_out() -> None:
    for location in (None, "", "x", "1", "91,0", "0,181", "1,2,3"):
        assert made("banjir di Subah", location=location).location is None
